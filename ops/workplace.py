"""Where this checkout keeps its state, and the environment in which the engine runs."""

import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ops.errors import OpsError

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ROOT / ".estate"
_STATE = PRIVATE / "state"
_PASSPHRASE = PRIVATE / "passphrase"

_FIXED = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    # An update starts a dozen Python processes. Where this is set, as in many containers, each
    # compiles everything anew: half a second of 0.8 s, measured.
    "PYTHONDONTWRITEBYTECODE": "",
}


def settings_of_engine(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the engine needs; a person's own choice of one stands.

    Args:
        given: the environment so far. Its backend, passphrase and home of Pulumi are kept.
    """
    own = [str(PRIVATE / "bin"), str(ROOT / ".venv/bin")]
    others = [part for part in given.get("PATH", "").split(os.pathsep) if part not in own]
    variables = {
        **_FIXED,
        "PATH": os.pathsep.join([*own, *others]),
        "PULUMI_HOME": given.get("PULUMI_HOME", str(PRIVATE / "pulumi")),
        "PULUMI_BACKEND_URL": given.get("PULUMI_BACKEND_URL", default_backend()),
        # Percent of new memory at which a Go program looks for garbage: at its own 100 a quarter of
        # each start of the engine goes there.
        "GOGC": given.get("GOGC", "400"),
    }
    if "PULUMI_CONFIG_PASSPHRASE" not in given:
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = given.get(
            "PULUMI_CONFIG_PASSPHRASE_FILE", str(_PASSPHRASE)
        )
    return variables


def refuse_exposed(backend: str) -> None:
    """See that a password is not part of the backend's address: the engine prints it in errors.

    Raises:
        OpsError: it is.
    """
    if backend.startswith("postgres") and urlsplit(backend).password:
        raise OpsError(
            "PULUMI_BACKEND_URL holds a password, which the engine would show in its errors",
            todo="take it out of the address and give it as PGPASSWORD",
        )


def default_backend() -> str:
    """Return the address of the state inside this checkout."""
    return f"file://{_STATE}"


def engine_environment() -> dict[str, str]:
    """Return the whole environment for the engine, and make the places that it names.

    Raises:
        OpsError: see `refuse_exposed`.
    """
    _STATE.mkdir(parents=True, exist_ok=True)
    if not _PASSPHRASE.exists():
        _PASSPHRASE.touch(mode=0o600)
        _PASSPHRASE.write_text(secrets.token_hex(32), encoding="ascii")
    variables = settings_of_engine(os.environ)
    refuse_exposed(variables["PULUMI_BACKEND_URL"])
    return {**os.environ, **variables}


def export_lines() -> str:
    """Return shell lines after which plain `pulumi …` works on the same stacks and state."""
    engine_environment()
    variables = settings_of_engine(os.environ)
    return "\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items())
