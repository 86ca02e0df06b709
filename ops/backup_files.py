"""The whole volume of an application's backups in one file here, and back into another Swarm."""

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import docker.errors
from docker import DockerClient

from ops.applications import named
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.plans import Deployed, chosen
from ops.releases import journal_of
from ops.saved_volume import CATALOG, REPOSITORY, ROOT, Holding, copies_in, holding, refuse_to_mix
from ops.stacks import made
from steps.docker_host import connect
from steps.inputs import DockerTarget
from steps.library_errors import translated

_CHUNK = 2**20
_MODE = 0o600
"""Copies hold sessions and password hashes, and those of databases are not encrypted."""
_SET_ASIDE = """
cd "$1"; to="before-load-$(date -u +%Y%m%dT%H%M%SZ)"; mkdir "$to"
for one in *; do case "$one" in before-load-*) ;; *) mv "$one" "$to/" ;; esac; done
sync; echo "$to"
"""


@dataclass(frozen=True)
class Volume:
    """A volume of backups on the host where it lies.

    Attributes:
        client: of that host's daemon.
        name: the volume's.
        image: holds a shell.
        container: has the volume in it, and never runs.
    """

    client: DockerClient
    name: str
    image: str
    container: str

    @property
    def api(self) -> Any:  # noqa: ANN401 - the SDK's low-level calls carry no types
        """The calls of the daemon."""
        return self.client.api

    def holding(self) -> Holding:
        """Return what it holds by its own catalog."""
        catalog, repository = self._file(f"/{CATALOG}"), self._file(f"/{REPOSITORY}")
        sha = hashlib.sha256(repository).hexdigest() if repository else ""
        return Holding(copies_in(json.loads(catalog)) if catalog else {}, sha)

    def set_aside(self) -> str:
        """Move everything into a folder of its own; return the folder's name."""
        said: bytes = self.client.containers.run(
            self.image,
            ["sh", "-euc", _SET_ASIDE, "sh", ROOT],
            entrypoint=[],
            volumes={self.name: {"bind": ROOT, "mode": "rw"}},
            network_mode="none",
            remove=True,
        )
        return said.decode().strip()

    def _file(self, path: str) -> bytes:
        """Return one file of the volume; empty when there is none."""
        try:
            chunks, _ = self.api.get_archive(self.container, path)
        except docker.errors.NotFound:
            return b""
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            data = tar.extractfile(tar.getmembers()[0])
            return data.read() if data is not None else b""


def save(stack: str, app: str | None, file: Path) -> int:
    """Write the whole volume into a new file that only its owner can read; return 0.

    Raises:
        OpsError: the file exists, a release is under way, or what came is not what was proven.
    """
    target, of = _place(stack, app)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except OSError as error:
        raise OpsError(f"{file} cannot be made: {error.strerror}", todo="name another") from None
    whole = False
    try:
        with os.fdopen(handle, "wb") as out, _volume(target, of, "ro") as volume:
            for chunk in volume.api.get_archive(volume.container, ROOT, chunk_size=_CHUNK)[0]:
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        held = holding(file)
        whole = True
    finally:
        if not whole:
            file.unlink()
    sys.stdout.write(
        f"{file}: {len(held.copies)} proven copies, {held.bytes} bytes, every checksum compared; "
        "only its owner can read it, and the copies of databases in it are not encrypted\n"
    )
    return 0


def load(stack: str, app: str | None, file: Path, *, force: bool) -> int:
    """Bring a saved volume into this stack's; return 0.

    Args:
        stack: its name.
        app: whose backups.
        file: what `save` wrote.
        force: set aside what is there and is not in the file.

    Raises:
        OpsError: the file is damaged, or copies are there that it does not hold.
    """
    target, of = _place(stack, app)
    if not file.is_file():
        raise OpsError(f"there is no file {file}", todo="name one that SAVE=… wrote")
    ours = holding(file)
    with _volume(target, of, "rw") as volume:
        try:
            refuse_to_mix(ours, volume.holding())
        except OpsError:
            if not force:
                raise
            sys.stdout.write(f"what was there is in {volume.set_aside()} of {volume.name}\n")
        with file.open("rb") as data:
            volume.api.put_archive(volume.container, "/", data)
        name = volume.name
    sys.stdout.write(
        f"{len(ours.copies)} proven copies are in {name}; next: make restore STACK={stack} "
        f"APP={of.plan.app} FROM=latest\n"
    )
    return 0


def _place(stack: str, app: str | None) -> tuple[DockerTarget, Deployed]:
    """Return the daemon beside the volume, and the application's transaction.

    Raises:
        OpsError: a release is under way, which writes into the volume.
    """
    engine = made(stack)
    application = named(estate_of(engine), app)
    of = chosen(engine, app)
    if journal_of(application).attempt is not None:
        raise OpsError(
            f"a release of {application.name} is under way, and writes its backups",
            todo=f"wait for its end; make releases STACK={stack} shows it",
        )
    return application.disk, of


@contextmanager
def _volume(target: DockerTarget, of: Deployed, mode: Literal["ro", "rw"]) -> Iterator[Volume]:
    """Give the volume in a container that never runs."""
    plan = of.backup.plan
    name, image = plan.volume, plan.job.image
    with (
        connect(target, of.context()) as client,
        translated(f"The volume {name} was not copied.", state="Nothing was removed from it."),
    ):
        client.volumes.get(name)  # a mount alone would create a volume that is not there
        given: dict[str, Any] = {
            "command": ["true"],
            "entrypoint": [],
            "volumes": {name: {"bind": ROOT, "mode": mode}},
            "network_mode": "none",
        }
        try:
            container = client.containers.create(image, **given)
        except docker.errors.ImageNotFound:
            client.images.pull(image)
            container = client.containers.create(image, **given)
        try:
            yield Volume(client, name, image, str(container.id))
        finally:
            container.remove()
