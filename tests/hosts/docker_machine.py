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
import requests

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
class Daemon:
    """A daemon and where it runs.

    Attributes:
        place: its network and its name.
        folder: its disk and its /run.
        process: of the daemon.
    """

    place: Namespace
    folder: Path
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """End it, and with it what runs there."""
        self.process.terminate()
        try:
            self.process.wait(timeout=90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """End it as an upgrade of its package does, and start it again."""
        self.end()
        self.process = _start(self.place, self.folder)


@dataclass
class Machine:
    """A running daemon.

    Attributes:
        name: its host name, which is its name in a Swarm.
        folder: its disk and its /run.
        docker: a client.
        daemon: what answers it.
        services: Swarm service of every container that was ever made there.
    """

    name: str
    folder: Path
    docker: docker.DockerClient
    daemon: Daemon
    services: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Address of the daemon's socket, from outside the machine."""
        return f"unix://{self.folder}/run/docker.sock"

    def restart(self) -> None:
        """Restart the daemon and wait until it answers."""
        self.daemon.restart()
        wait_until(self._answers, 180)

    def _answers(self) -> bool:
        try:
            return bool(self.docker.ping())
        except (docker.errors.APIError, requests.ConnectionError):
            return False

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
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(_clear_cgroups, place.name)
        stack.enter_context(forwarding(registry, registry, inside=place.name))
        daemon = Daemon(place, folder, _start(place, folder))
        stack.callback(daemon.end)
        wait_until(lambda: _answers(daemon.process, folder), 180)
        client = docker.DockerClient(f"unix://{folder}/run/docker.sock", timeout=60)
        stack.enter_context(closing(client))
        stack.callback(_kill_containers, client)
        yield Machine(place.name, folder, client, daemon)


def _start(place: Namespace, folder: Path) -> subprocess.Popen[bytes]:
    # A mount namespace of its own: nobody else sees that /run, nor the disks of its containers.
    started = ["unshare", "--uts", "--mount", "sh", "-c", _START, "sh", place.name, str(folder)]
    with (folder / "dockerd.log").open("ab") as log:
        return subprocess.Popen(place.command(*started), stdout=log, stderr=log)


def _answers(daemon: subprocess.Popen[bytes], folder: Path) -> bool:
    said = (folder / "dockerd.log").read_text(encoding="utf-8")
    assert daemon.poll() is None, said
    return "API listen on" in said


def _kill_containers(client: docker.DockerClient) -> None:
    """The daemon would wait for each to end politely, and nobody will ask them again."""
    for container in client.containers.list(ignore_removed=True):
        with suppress(docker.errors.APIError):
            container.kill()


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
