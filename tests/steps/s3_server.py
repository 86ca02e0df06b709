"""A real S3 server for tests: Versity's gateway on a folder of its own container."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import httpx

from local.images.build.__main__ import build_images
from steps.backups import OffsiteStore
from tests.inside import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

ACCESS, SECRET, PASSWORD = (token_hex(32) for _ in range(3))
BUCKET = "team-backups"


@dataclass(frozen=True)
class S3:
    """A running store.

    Attributes:
        url: as a container sees it that is in no network of its own.
        published: as a service sees it, from any network.
        container: it runs in.
    """

    url: str
    published: str
    container: Container

    def store(self, path: str, *, bucket: str = BUCKET, **given: object) -> OffsiteStore:
        """Return a place in it as the backups take it; everything is read back."""
        known: dict[str, Any] = {
            "repository": f"s3:{self.url}/{bucket}/{path}",
            "keep": {"daily": 2, "weekly": 1, "monthly": 1},
            "subset": "100%",
            **given,
        }
        return OffsiteStore.model_validate_json(json.dumps(known))

    def run(self, *command: str) -> str:
        """Run a program beside it."""
        return tell(self.container, *command).decode(errors="replace")

    def holds(self, text: str) -> bool:
        """Whether any file of the store has a text in it."""
        code, _ = self.container.exec_run(["grep", "-rqaF", text, "/s3"])
        return bool(code == 0)


def opened(**other: str) -> dict[str, str]:
    """Return the secrets of the store as jobs are given them."""
    return {"access_key": ACCESS, "secret_key": SECRET, "password": PASSWORD, **other}


@contextmanager
def s3_server(client: docker.DockerClient, *, size: str = "64m") -> Iterator[S3]:
    """Start a store with one empty bucket, and take it away.

    Args:
        client: of the daemon.
        size: of the disk under it.
    """
    container = client.containers.run(
        build_images(["s3"], {})["s3"],
        detach=True,
        name=f"s3-{uuid.uuid4().hex[:8]}",
        environment={"ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET},
        tmpfs={"/s3": f"size={size}"},
        ports={"7070/tcp": None},
        labels={"estate.test": "s3"},
    )
    try:
        container.exec_run(["mkdir", f"/s3/{BUCKET}"])
        container.reload()
        found = container.attrs["NetworkSettings"]
        url = f"http://{found['Networks']['bridge']['IPAddress']}:7070"
        gateway = client.networks.get("docker_gwbridge").attrs["IPAM"]["Config"][0]["Gateway"]
        published = f"http://{gateway}:{found['Ports']['7070/tcp'][0]['HostPort']}"
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(url, timeout=5)
                break
            except httpx.HTTPError:
                assert time.monotonic() < until, container.logs().decode()
                time.sleep(0.2)
        yield S3(url, published, container)
    finally:
        container.remove(force=True, v=True)
