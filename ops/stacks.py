"""Stacks and their files: which exist, and a scratch copy of one that nobody has made yet."""

import shutil
from pathlib import Path

import yaml

from ops.engine import Engine
from ops.errors import OpsError
from ops.workplace import PRIVATE, ROOT, engine_environment

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


def to_look_at(stack: str) -> Engine:
    """Return the engine on a stack that is only looked at.

    A stack that nobody has made is shown from a scratch copy with a state of its own: making it
    would write a salt into a file that belongs to the team.
    """
    file = stack_file(stack)
    if is_made(file):
        return made(stack)
    scratch = PRIVATE / "scratch" / stack
    copy = scratch / file.name
    environment = engine_environment()
    environment["PULUMI_BACKEND_URL"] = f"file://{scratch}"
    scratch.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", scratch)
    _copy_with_salt(file, copy)
    if not is_made(copy):
        init = ["stack", "init", stack, "--non-interactive", "--cwd", str(scratch)]
        Engine(stack, environment=environment).run_bare(*init)
    return Engine(stack, config_file=copy, environment=environment)


def _copy_with_salt(file: Path, copy: Path) -> None:
    """Copy the stack file as it is now; the salt of an earlier copy stays."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    if copy.exists():
        earlier = yaml.safe_load(copy.read_text(encoding="utf-8")) or {}
        content |= {name: earlier[name] for name in _SALTS & set(earlier)}
    copy.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
