"""Projects for the engine, and an image small enough to start at once."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from tests.plugins.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nothing listens on port 1, so a node does not wait for a registry before it uses what it has.
REPOSITORY = "127.0.0.1:1/estate-plugins/busybox"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stack has nothing; each test has a copy."""
    made = Project(tmp_path_factory.mktemp("empty"))
    made.init()
    return made.folder


@pytest.fixture
def project(empty: Path, tmp_path: Path) -> Iterator[Project]:
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path)
    yield project
    if project.has_made_something:
        gone = project.destroy()
        assert gone.code == 0, gone.output


@pytest.fixture
def prefix() -> str:
    return f"plugins-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def daemon() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(daemon: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that holds a static busybox and nothing else."""
    program = _static_busybox(tmp_path_factory.mktemp("busybox")).read_bytes()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
        for applet in ("sh", "sleep", "true", "false", "cat"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    repository = f"{REPOSITORY}-{uuid.uuid4().hex[:8]}"
    for tag in ("1", "2"):
        daemon.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)
    yield repository
    for tag in ("1", "2"):
        daemon.images.remove(f"{repository}:{tag}", force=True)


def _static_busybox(folder: Path) -> Path:
    """Unpack Debian's package rather than install it: the machine stays as it is."""
    installed = shutil.which("busybox")
    if installed and "static" in _file_kind(installed):
        return Path(installed)
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "busybox-static"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob("busybox-static*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(folder / "unpacked")], check=True)
    (program,) = folder.glob("unpacked/**/bin/busybox")
    return program


def _file_kind(program: str) -> str:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return "static" if "not a dynamic executable" in listed.stderr + listed.stdout else "dynamic"
