"""What a killed engine leaves behind, put right before the next update."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import targets
from steps.context import Context
from steps.docker_host import connect
from steps.generations import mounted

_SERVICE = "docker:index/service:Service"
_SECRET = "docker:index/secret:Secret"  # noqa: S105 - a type token
_NETWORK = "docker:index/network:Network"


def release_dead_lock(engine: Engine) -> None:
    """Remove the lock of an engine that died on this machine; a living one is left alone.

    Only the file backend keeps such locks; other backends' locks end by themselves or belong to
    another machine.

    Raises:
        OpsError: an engine is at work on this stack.
    """
    for file in _locks(engine):
        holder = json.loads(file.read_text(encoding="utf-8"))
        if holder.get("hostname") != socket.gethostname() or _is_pulumi(int(holder["pid"])):
            raise OpsError(
                f"stack {engine.stack} is being changed by {holder.get('username')} on "
                f"{holder.get('hostname')} (pid {holder['pid']}) since {holder.get('timestamp')}",
                todo="wait until that run ends; if it is certain that it died: pulumi cancel",
            )
        file.unlink(missing_ok=True)
        sys.stderr.write("the lock of an engine that died was removed\n")


def _locks(engine: Engine) -> list[Path]:
    backend = engine.environment["PULUMI_BACKEND_URL"]
    if not backend.startswith("file://"):
        return []
    folder = Path(backend.removeprefix("file://")).expanduser() / ".pulumi/locks"
    return list(folder.glob(f"organization/estate/{engine.stack}/*.json"))


def _is_pulumi(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "pulumi" in Path(f"/proc/{pid}/comm").read_text(encoding="ascii")
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True


def finish_interrupted(engine: Engine) -> bool:
    """Take back what was being created when an engine died; return whether the stack has anything.

    The engine does not know whether such a thing exists. A service, secret or network that does
    would refuse its own name to the next update; none of them has served or held data yet.
    Volumes and steps need nothing: creating them twice is the same as once.
    """
    state = json.loads(engine.ask("stack", "export"))
    deployment = state.get("deployment") or {}
    known = {one.get("id") for one in deployment.get("resources") or []}
    pending = deployment.get("pending_operations") or []
    if not pending:
        return bool(known)
    half_made = [
        (str(one["resource"]["type"]), str(one["resource"]["inputs"].get("name")))
        for one in pending
        if one["type"] == "creating"
    ]
    sys.stderr.write(f"an earlier run was killed: taking back {len(half_made)} half-made things\n")
    for target in targets(engine):
        with connect(target, Context()) as client:
            for kind, name in half_made:
                _take_back(client.api, kind, name, known)
    # The list of unknowns goes from the state too, or every later run would warn about it.
    deployment["pending_operations"] = []
    engine.ask("stack", "import", stdin=json.dumps(state))
    return True


def _take_back(api: Any, kind: str, name: str, known: set[Any]) -> None:  # noqa: ANN401 - the SDK
    if kind == _SERVICE:
        for service in api.services(filters={"name": name}):
            if service["Spec"]["Name"] == name and service["ID"] not in known:
                api.remove_service(service["ID"])
    elif kind == _SECRET:
        used = mounted(api.services(), "Spec")
        for secret in api.secrets(filters={"name": name}):
            if secret["Spec"]["Name"] == name and secret["ID"] not in known | used:
                api.remove_secret(secret["ID"])
    elif kind == _NETWORK:
        for network in api.networks(names=[name]):
            if network["Name"] == name and network["Id"] not in known:
                api.remove_network(network["Id"])
