"""Images of a registry that wants a login: the nodes pull with what the step was given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import docker.errors
import httpx
import pytest

from tests.steps.conftest import SOCKET, TEST_LABEL, Steps, image_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

PORT = 5987
REGISTRY = f"127.0.0.1:{PORT}"
CONFIG = "/etc/docker/registry/config.yml"
LOGIN = {"username": "robot", "password": "pull-only-password"}
# What `htpasswd -nbB robot pull-only-password` prints.
USERS = "robot:$2b$04$9mOLAQ4OWDLrr8703zQ/TO7fwT3HHCUSNPxgYq.9Wx0ltv536/uDO"


@pytest.fixture
def private_image(steps: Steps) -> Iterator[str]:
    """An image that only the private registry has, by digest."""
    container = steps.client.containers.create(
        image_ref("registry"),
        environment={
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "private",
            "REGISTRY_AUTH_HTPASSWD_PATH": "/users",
        },
        entrypoint=["sh", "-c"],
        command=[f"echo '{USERS}' > /users && exec docker-registry serve {CONFIG}"],
        ports={"5000/tcp": ("127.0.0.1", PORT)},
        labels={TEST_LABEL: steps.name},
    )
    try:
        container.start()
        wait_for_registry()
        yield push(steps)
    finally:
        container.remove(force=True, v=True)


def wait_for_registry() -> None:
    end = time.monotonic() + 30
    while True:
        try:
            assert httpx.get(f"http://{REGISTRY}/v2/", timeout=2).status_code == 401
        except httpx.TransportError:
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return


def push(steps: Steps) -> str:
    """Push an image with content of its own, and leave it in no other place."""
    name, tag = f"{REGISTRY}/private", steps.name
    source = steps.client.containers.create(image_ref("tools"), command=["true"])
    try:
        source.commit(repository=name, tag=tag, changes=[f"LABEL only={steps.name}"])
    finally:
        source.remove()
    said = list(steps.client.images.push(name, tag, auth_config=LOGIN, stream=True, decode=True))
    digest = next(line["aux"]["Digest"] for line in said if "aux" in line)
    steps.client.images.remove(f"{name}:{tag}", force=True)
    return f"{name}@{digest}"


def job(steps: Steps, image: str) -> dict[str, object]:
    return {
        "docker": {"url": SOCKET},
        "job": {
            "name": f"{steps.name}-pull",
            "image": image,
            "command": ["true"],
            "labels": {TEST_LABEL: steps.name},
        },
        "timeout_s": 60,
        "what": "a job on a private image",
    }


def test_a_job_pulls_with_the_login_it_was_given(steps: Steps, private_image: str) -> None:
    refused = steps.run("job", job(steps, private_image))
    assert refused.code == 1
    assert "No such image" in refused.err or "unauthorized" in refused.err, refused.err
    with pytest.raises(docker.errors.ImageNotFound):
        steps.client.images.get(private_image)

    done = steps.run("job", job(steps, private_image), {"registries": {REGISTRY: LOGIN}})
    assert done.code == 0, done.err
    assert LOGIN["password"] not in done.out + done.err
