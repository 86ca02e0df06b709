"""A Docker machine of its own: host name, network, /run and disk that no other daemon shares."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors

from local.images.build.registry import address
from tests.engine.network_namespace import Namespace
from tests.engine.stack import wait_until
from tests.hosts.forwarding import forwarding

_CGROUPS = Path("/sys/fs/cgroup")
_START = """
hostname "$1" && mount --bind "$2/run" /run &&
exec setpriv --pdeathsig TERM \\
dockerd --data-root "$2/data" --cgroup-parent "/$1" --exec-opt native.cgroupdriver=cgroupfs
"""


@dataclass
class Machine:
    """A running daemon.

    Attributes:
        name: its host name, which is its name in a Swarm.
        folder: its disk and its /run.
        docker: a client.
        services: Swarm service of every container that was ever made there.
    """

    name: str
    folder: Path
    docker: docker.DockerClient
    services: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Address of the daemon's socket, from outside the machine."""
        return f"unix://{self.folder}/run/docker.sock"

    def watch(self) -> None:
        """Note whose containers are made from now on; a job's is gone soon after."""
        chosen = {"type": "container", "event": "create"}
        events = self.docker.events(decode=True, filters=chosen)

        def note() -> None:
            for event in events:
                labels = event["Actor"]["Attributes"]
                self.services.add(labels.get("com.docker.swarm.service.name", ""))

        threading.Thread(target=note, daemon=True).start()


@contextmanager
def machine(place: Namespace, folder: Path) -> Iterator[Machine]:
    """Run a Docker daemon in a namespace for the block; nothing of it stays afterwards.

    Args:
        place: its network and its name.
        folder: does not exist yet.
    """
    for part in ("run", "data"):
        (folder / part).mkdir(parents=True)
    host, _, port = address().partition(":")
    registry = (host, int(port))
    log = (folder / "dockerd.log").open("wb")
    # A mount namespace of its own: nobody else sees that /run, nor the disks of its containers.
    started = ["unshare", "--uts", "--mount", "sh", "-c", _START, "sh", place.name, str(folder)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(_clear_cgroups, place.name)
        stack.enter_context(log)
        stack.enter_context(forwarding(registry, registry, inside=place.name))
        daemon = subprocess.Popen(place.command(*started), stdout=log, stderr=log)
        stack.callback(_end, daemon)
        wait_until(lambda: _answers(daemon, folder), 60)
        client = docker.DockerClient(f"unix://{folder}/run/docker.sock", timeout=60)
        stack.enter_context(closing(client))
        stack.callback(_kill_containers, client)
        yield Machine(place.name, folder, client)


def _answers(daemon: subprocess.Popen[bytes], folder: Path) -> bool:
    said = (folder / "dockerd.log").read_text(encoding="utf-8")
    assert daemon.poll() is None, said
    return "API listen on" in said


def _kill_containers(client: docker.DockerClient) -> None:
    """The daemon would wait for each to end politely, and nobody will ask them again."""
    for container in client.containers.list():
        with suppress(docker.errors.APIError):
            container.kill()


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=90)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _clear_cgroups(name: str) -> None:
    """End what a killed daemon left running, and remove the empty control groups."""
    folders = [_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")]
    for folder in folders:
        for listed in folder.rglob("cgroup.procs"):
            for process in listed.read_text(encoding="ascii").split():
                with suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
    for folder in folders:
        for below in sorted(folder.rglob("*/"), reverse=True):
            below.rmdir()
        if folder.exists():
            folder.rmdir()
