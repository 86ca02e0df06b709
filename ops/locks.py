"""Locks of the state: whose engine is at work, and which engine died and left its own behind."""

import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.engine import Engine
from ops.errors import OpsError


def release_dead_lock(engine: Engine) -> None:
    """Remove the lock of an engine that died on this machine; a living one is left alone.

    The other backends keep the same locks in a bucket or a table, where this program does not look:
    the engine refuses to begin then, and says who holds it.

    Raises:
        OpsError: an engine is at work on this stack.
    """
    for file in _locks(engine):
        holder = _read(file)
        if holder is None:
            continue
        if may_live(holder):
            raise OpsError(
                f"stack {engine.stack} is being changed by {holder.get('username')} on "
                f"{holder.get('hostname')} (pid {holder.get('pid')}) since "
                f"{holder.get('timestamp')}; nothing was changed",
                todo="wait until that run ends; if it is certain that it died: pulumi cancel",
            )
        file.unlink(missing_ok=True)
        sys.stderr.write(f"the lock of an engine that died (pid {holder['pid']}) was removed\n")


def may_live(holder: Mapping[str, Any]) -> bool:
    """Whether the holder of a lock may still be at work; of another machine nobody can tell.

    Args:
        holder: what Pulumi's file backend writes: pid, username, hostname, timestamp.
    """
    return holder.get("hostname") != socket.gethostname() or _is_engine(int(holder["pid"]))


def _locks(engine: Engine) -> list[Path]:
    backend = engine.environment["PULUMI_BACKEND_URL"]
    if not backend.startswith("file://"):
        return []
    folder = Path(backend.removeprefix("file://")).expanduser() / ".pulumi/locks"
    return list(folder.glob(f"organization/*/{engine.stack}/*.json"))


def _read(file: Path) -> dict[str, Any] | None:
    """Return who holds a lock; None when it was released this very moment.

    Raises:
        OpsError: the file is no lock that Pulumi writes.
    """
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        holder = None
    if not isinstance(holder, dict) or "pid" not in holder:
        raise OpsError(
            f"the lock {file} cannot be read, so it is not known whether an engine is at work",
            todo="if it is certain that none is: pulumi cancel",
        )
    return holder


def _is_engine(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # "pid (name) state …"; a zombie has died, only its parent has not noticed yet.
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # no Linux: somebody lives there, that is all
    # Plugins are called pulumi-…: a number that went to one of them is no engine's any more.
    return name.partition("(")[2] == "pulumi" and rest.split()[0] != "Z"
