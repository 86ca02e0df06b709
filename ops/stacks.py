"""Stacks and their files: which exist, and a scratch copy of one that nobody has made yet."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.engine import Engine
from ops.errors import OpsError
from ops.workplace import PRIVATE, ROOT, engine_environment
from settings import PLACEHOLDER

_BACKEND = "PULUMI_BACKEND_URL"
_PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - a variable's name
_SALTS = {"encryptionsalt", "secretsprovider", "encryptedkey"}


def stack_file(stack: str) -> Path:
    """Return the stack's file.

    Raises:
        OpsError: there is no such file.
    """
    file = ROOT / f"Pulumi.{stack}.yaml"
    if not file.exists():
        known = sorted(one.name.split(".")[1] for one in ROOT.glob("Pulumi.*.yaml"))
        raise OpsError(
            f"there is no stack {stack}: {file.name} does not exist",
            todo=f"name one of {', '.join(known)}; the stack local is made by: make up",
        )
    return file


def is_made(file: Path) -> bool:
    """Whether a stack of this file was ever made: its secrets then have a salt or a provider."""
    return bool(_SALTS & set(yaml.safe_load(file.read_text(encoding="utf-8")) or {}))


def made(stack: str) -> Engine:
    """Return the engine on a stack, which is made in the state if it is not there yet."""
    stack_file(stack)
    engine = Engine(stack)
    engine.ask("stack", "select", "--create")
    return engine


def there(stack: str) -> Engine:
    """Return the engine on a stack that was brought up; nothing is made.

    Raises:
        OpsError: there is no such stack, or nobody has brought it up yet.
    """
    if not is_made(stack_file(stack)):
        raise OpsError(
            f"stack {stack} was never brought up, so there is nothing to look at",
            todo=f"make up STACK={stack}",
        )
    return Engine(stack)


def urls_of(engine: Engine) -> dict[str, str]:
    """Return name → address that answers 200 while all is well, as the last update has left them.

    Raises:
        OpsError: no update has got that far.
    """
    urls: dict[str, str] = json.loads(engine.ask("stack", "output", "urls", "--json"))
    return urls


def to_look_at(stack: str) -> Engine:
    """Return the engine on a stack that is only looked at.

    A stack that nobody has made is shown from a scratch copy with a state of its own: making it
    would write a salt into a file that belongs to the team.
    """
    file = stack_file(stack)
    if is_made(file):
        return made(stack)
    return _scratch(stack, _plain(file))


def without_secrets(stack: str) -> Engine:
    """Return the engine on a scratch copy of a stack, its encrypted values as placeholders.

    For whoever has the stack file and neither its passphrase nor its state.
    """
    content = _unsealed(_plain(stack_file(stack)))
    return _scratch(stack, content, "scratch-without-secrets", {_PASSPHRASE: PLACEHOLDER})


def lacking_for(stack: str, environment: Mapping[str, str]) -> list[str]:
    """Return the variables that are set to nothing and that this stack cannot be opened without.

    So a workflow hands on a secret that it does not have.
    """
    file = stack_file(stack)
    if not is_made(file):
        return []
    needed = [_BACKEND, *([_PASSPHRASE] if "encryptionsalt" in _plain(file) else [])]
    return [name for name in needed if environment.get(name) == ""]


def _scratch(
    stack: str,
    content: dict[str, Any],
    folder: str = "scratch",
    variables: Mapping[str, str] | None = None,
) -> Engine:
    """Return the engine on a stack with this file and with a state of its own."""
    scratch = PRIVATE / folder / stack
    copy = scratch / f"Pulumi.{stack}.yaml"
    environment = engine_environment()
    environment |= {_BACKEND: f"file://{scratch}", **(variables or {})}
    scratch.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", scratch)
    _write_with_salt(content, copy)
    if not is_made(copy):
        init = ["stack", "init", stack, "--non-interactive", "--cwd", str(scratch)]
        Engine(stack, environment=environment).run_bare(*init)
    return Engine(stack, config_file=copy, environment=environment)


def _plain(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def _unsealed(value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a stack file without salt, each encrypted value as the word of a placeholder; pure."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return PLACEHOLDER
        return {key: _unsealed(one) for key, one in value.items() if key not in _SALTS}
    if isinstance(value, list):
        return [_unsealed(one) for one in value]
    return value


def _write_with_salt(content: dict[str, Any], copy: Path) -> None:
    """Write a stack file as it is now; the salt of an earlier copy stays."""
    if copy.exists():
        earlier = yaml.safe_load(copy.read_text(encoding="utf-8")) or {}
        content |= {name: earlier[name] for name in _SALTS & set(earlier)}
    copy.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
