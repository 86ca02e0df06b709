"""The stack file of this machine: images built here, secrets made here."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from local.stack import grown, image_paths, parts, render, unset
from ops.engine import Engine
from ops.errors import OpsError
from ops.workplace import PRIVATE, ROOT, engine_environment

STACK = "local"
_PORTS = {
    "estate:edge.http_port": (80, range(8080, 8088)),
    "estate:npm.http_port": (8088, range(8089, 8100)),
    "estate:npm.https_port": (8443, range(8444, 8460)),
}
"""Setting → the port that the template names, and others for when something listens there."""
FILE = ROOT / "Pulumi.local.yaml"
_TEMPLATE = ROOT / "local/stack.yaml"
_BUILT = PRIVATE / "images.json"
_USED = PRIVATE / "images-used.json"
_OFFERED = PRIVATE / "parts-offered.json"


def build_images() -> None:
    """Build what changed and push it to the registry of this machine.

    Raises:
        OpsError: an image could not be built; the builder has said why.
    """
    done = subprocess.run(
        [sys.executable, "-m", "local.images.build"],
        cwd=ROOT,
        env=engine_environment(),
        check=False,
    )
    if done.returncode:
        raise OpsError(
            "the images of the local stack could not be built",
            todo="correct the cause named above, then run make up again",
        )


def write(engine: Engine) -> None:
    """Write the stack file when there is none; afterwards add only what is new in the template.

    New are systems that the file was never offered, and images built since.

    Args:
        engine: on the local stack, which exists in the state already or is made here.
    """
    images = _refs(_BUILT)
    template = _TEMPLATE.read_text(encoding="utf-8")
    is_first = not FILE.exists()
    there = "" if is_first else FILE.read_text(encoding="utf-8")
    text = template if is_first else grown(there, template, offered=_offered(there))
    FILE.write_text(render(text, images)[0], encoding="utf-8")
    engine.ask("stack", "select", "--create")
    # Also those that a killed run has left as placeholders.
    for secret in unset(FILE.read_text(encoding="utf-8"), template):
        engine.ask(
            *("config", "set", "--path", secret.path, "--secret"),
            stdin=secrets.token_hex(secret.bytes),
        )
    new = parts(text).keys() - (parts(there).keys() if there else set())
    for path, port in _other_ports(new=new).items():
        engine.ask("config", "set", "--path", path, str(port))
    # The images of a new file are those just built.
    for path, image in ({} if is_first else _rebuilt(images)).items():
        engine.ask("config", "set", "--path", path, image)
    _USED.write_text(json.dumps(images), encoding="utf-8")
    _OFFERED.write_text(json.dumps(list(parts(template))), encoding="utf-8")


def _other_ports(*, new: Collection[str]) -> dict[str, int]:
    """Setting → port, for each new part of the stack file whose port is taken."""
    wanted = {path: ports for path, ports in _PORTS.items() if path.partition(".")[0] in new}
    found = {path: free_port(first, others) for path, (first, others) in wanted.items()}
    return {path: port for path, port in found.items() if port != wanted[path][0]}


def free_port(wanted: int, others: Iterable[int]) -> int:
    """Return a port of this machine, or another when something listens there already.

    Raises:
        OpsError: all are taken.
    """
    for port in (wanted, *others):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise OpsError(
        f"no port is free for the local stack: {wanted}, {', '.join(map(str, others))}",
        todo="end what listens there, then run make up again",
    )


def _offered(stack_file: str) -> list[str]:
    if not _OFFERED.exists():
        return list(parts(stack_file))
    offered: list[str] = json.loads(_OFFERED.read_text(encoding="utf-8"))
    return offered


def _rebuilt(images: Mapping[str, str]) -> dict[str, str]:
    """Key of the stack file → new reference, for images built anew since the file was written.

    An image that somebody chose by hand stays until the one built here changes.
    """
    used = json.loads(_USED.read_text(encoding="utf-8")) if _USED.exists() else {}
    there = parts(FILE.read_text(encoding="utf-8"))
    paths = image_paths(_TEMPLATE.read_text(encoding="utf-8"))
    return {
        path: images[name]
        for path, name in paths.items()
        if images[name] != used.get(name) and path.partition(".")[0] in there
    }


def _refs(built: Path) -> dict[str, str]:
    described = json.loads(built.read_text(encoding="utf-8"))
    return {name: image["ref"] for name, image in described.items()}
