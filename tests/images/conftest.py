"""Real containers of the local stack's images, on random loopback ports, always removed."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import docker
import httpx
import pytest

from local.images.build.__main__ import build_images
from tests.inside import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container

START_LIMIT_S = 120


@dataclass(frozen=True, kw_only=True)
class Running:
    """A container that a test started."""

    container: Container

    def url(self, port: int) -> str:
        self.container.reload()
        published = self.container.ports[f"{port}/tcp"] or []
        return f"http://127.0.0.1:{published[0]['HostPort']}"

    def logs(self) -> str:
        return self.container.logs().decode()

    def execute(self, *argv: str) -> tuple[int, str]:
        code, output = execute(self.container, *argv)
        return code, output.decode()

    def wait(self) -> int:
        return int(self.container.wait(timeout=START_LIMIT_S)["StatusCode"])

    def wait_for_log(self, text: str) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while text not in self.logs():
            self.container.reload()
            assert self.container.status == "running", self.logs()
            assert time.monotonic() < deadline, f"{text!r} is not in:\n{self.logs()}"
            time.sleep(0.1)

    def wait_for(self, port: int, path: str) -> str:
        """URL of the port, once ``path`` answers with 200."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            self.container.reload()
            if self.container.status == "exited":
                break
            try:
                if httpx.get(self.url(port) + path, timeout=2).is_success:
                    return self.url(port)
            except (httpx.HTTPError, KeyError, IndexError):
                pass
            time.sleep(0.1)
        raise AssertionError(f"{path} does not answer:\n{self.logs()}")


class Start(Protocol):
    def __call__(self, image: str, *command: str, **options: Any) -> Running:  # noqa: ANN401 - the SDK's
        """Starts a container of ``image``; it is removed when the test ends."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tests put things; what they made is taken back in reverse order."""

    client: DockerClient
    undo: ExitStack

    def start(self, image: str, *command: str, **options: Any) -> Running:  # noqa: ANN401 - the SDK's
        container = self.client.containers.run(
            image, list(command) or None, name=_unique_name(), detach=True, **options
        )
        self.undo.callback(container.remove, force=True, v=True)
        return Running(container=container)

    def volume(self) -> str:
        made = self.client.volumes.create(_unique_name())
        self.undo.callback(made.remove, force=True)
        return str(made.name)

    def network(self) -> str:
        made = self.client.networks.create(_unique_name())
        self.undo.callback(made.remove)
        return str(made.name)


def _unique_name() -> str:
    return f"estate-images-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """Name -> reference with digest; builds what is missing."""
    return build_images([], {})


@pytest.fixture(scope="session")
def client() -> Iterator[DockerClient]:
    with closing(docker.from_env(timeout=60)) as daemon:
        yield daemon


@pytest.fixture
def place(client: DockerClient) -> Iterator[Place]:
    with ExitStack() as undo:
        yield Place(client=client, undo=undo)


@pytest.fixture(scope="module")
def shared(client: DockerClient) -> Iterator[Place]:
    """As ``place``, for what all tests of a module look at."""
    with ExitStack() as undo:
        yield Place(client=client, undo=undo)


@pytest.fixture
def start(place: Place) -> Start:
    return place.start


@pytest.fixture
def volume(place: Place) -> str:
    return place.volume()


@pytest.fixture
def network(place: Place) -> str:
    return place.network()
