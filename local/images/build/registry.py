"""The registry of the local stack: a container on the loopback address, storage in a volume."""

from __future__ import annotations

import http.client
import os
import time
from typing import TYPE_CHECKING

import docker.errors

from local.images.build.errors import BuildError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image as DockerImage

NAME = "estate-registry"
_START_LIMIT_S = 20
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def address() -> str:
    """Host and port of the registry; ESTATE_REGISTRY_PORT where 5000 is taken."""
    return f"127.0.0.1:{os.environ.get('ESTATE_REGISTRY_PORT', '5000')}"


def find_digest(name: str, tag: str) -> str | None:
    """Reference with digest of ``estate/<name>:<tag>``, or None when the registry has not got it.

    Raises:
        BuildError: The registry does not answer.
    """
    connection = http.client.HTTPConnection(address(), timeout=10)
    try:
        path = f"/v2/estate/{name}/manifests/{tag}"
        connection.request("HEAD", path, headers={"Accept": _MANIFEST})
        answer = connection.getresponse()
    except OSError as error:
        message = f"the registry at {address()} does not answer: {error}; see docker logs {NAME}"
        raise BuildError(message) from error
    finally:
        connection.close()
    digest = answer.getheader("Docker-Content-Digest")
    if answer.status != http.client.OK or digest is None:
        return None
    return f"{address()}/estate/{name}@{digest}"


def _wait_until_ready() -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while True:
        connection = http.client.HTTPConnection(address(), timeout=2)
        try:
            connection.request("GET", "/v2/")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > deadline:
            raise BuildError(
                f"the registry did not answer at {address()} within {_START_LIMIT_S} s.\n"
                f"Look at `docker logs {NAME}`, then run this again.",
            )
        time.sleep(0.2)


def ensure_registry(client: DockerClient, image: str) -> None:
    """Runs the registry from ``image``; one that runs from it already is left alone.

    Raises:
        BuildError: The container does not start or does not answer, or its port is taken.
    """
    try:
        container = client.containers.get(NAME)
        if container.labels.get("estate.image") == image and container.status == "running":
            return
        container.remove(force=True)
    except docker.errors.NotFound:
        pass
    port = int(address().partition(":")[2])
    try:
        client.containers.run(
            image,
            name=NAME,
            detach=True,
            labels={"estate.image": image},
            ports={"5000/tcp": ("127.0.0.1", port)},
            restart_policy={"Name": "always"},
            volumes={NAME: {"bind": "/var/lib/docker-registry", "mode": "rw"}},
        )
    except docker.errors.APIError as error:
        raise BuildError(
            f"the registry could not be started on {address()}: {error.explanation}\n"
            "If the port is taken, choose another with ESTATE_REGISTRY_PORT.",
        ) from error
    _wait_until_ready()


def push(client: DockerClient, image: DockerImage, *, name: str, tag: str) -> str:
    """Pushes an image as ``estate/<name>:<tag>`` and returns its reference with digest.

    Raises:
        BuildError: The registry refused it or has not got it afterwards.
    """
    repository = f"{address()}/estate/{name}"
    image.tag(repository, tag=tag)
    for line in client.api.push(repository, tag=tag, stream=True, decode=True):
        if "error" in line:
            raise BuildError(f"push of {repository}:{tag} failed: {line['error']}")
    reference = find_digest(name, tag)
    if reference is None:
        raise BuildError(f"the registry took {repository}:{tag} and has not got it; run this again")
    return reference
