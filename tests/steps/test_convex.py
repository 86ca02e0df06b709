"""The Convex steps against a backend that runs as a Swarm service, with its secret in a file."""

from __future__ import annotations

import io
import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from docker.types import (
    ContainerSpec,
    EndpointSpec,
    NetworkAttachmentConfig,
    SecretReference,
    TaskTemplate,
)

from steps import convex_env
from steps.context import Context
from steps.inputs import ConvexTarget
from steps.redact import Redactor
from tests.steps.conftest import SOCKET, image_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

INSTANCE_SECRET = "4361726f6c0000000000000000000000000000000000000000000000000000ff"
PROVISIONING = "planted-provisioning-9d21"
START = 'export INSTANCE_SECRET="$(cat /run/secrets/instance)"; exec ./run_backend.sh'


@dataclass
class Backend:
    """A running backend: what a step has to be told about it."""

    service: str
    network: str
    url: str

    def given(self, **more: object) -> dict[str, Any]:
        return {
            "docker": {"url": SOCKET},
            "service": self.service,
            "instance_name": "convex-self-hosted",
            "url": self.url,
            **more,
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    message = f"{url} does not answer"
    raise AssertionError(message)


@pytest.fixture
def backend(steps: Steps) -> Iterator[Backend]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    network = steps.client.networks.create(
        f"{steps.name}-net", driver="overlay", attachable=True, labels=steps.labels
    )
    secret = steps.api.create_secret(f"{steps.name}-i", INSTANCE_SECRET, labels=steps.labels)["ID"]
    service = f"{steps.name}-convex"
    ports: dict[Any, Any] = {port: (3210, "tcp", "host")}  # its types know no numbers
    container = ContainerSpec(
        image_ref("convex"),
        command=["/bin/sh", "-c", START],
        env=[f"CONVEX_CLOUD_ORIGIN={url}", f"CONVEX_SITE_ORIGIN={url}"],
        labels=steps.labels,
        secrets=[SecretReference(secret, f"{steps.name}-i", filename="/run/secrets/instance")],
    )
    created = steps.api.create_service(
        TaskTemplate(
            container,
            networks=[NetworkAttachmentConfig(str(network.id), aliases=["convex_backend"])],
        ),
        name=service,
        labels=steps.labels,
        endpoint_spec=EndpointSpec(mode="dnsrr", ports=ports),
    )
    made = Backend(service=service, network=str(network.name), url=url)
    try:
        wait_for(f"{url}/version")
        yield made
    finally:
        steps.api.remove_service(created["ID"])
        deadline = time.monotonic() + 60
        while steps.containers() and time.monotonic() < deadline:
            time.sleep(0.5)
        network.remove()


def deploy(steps: Steps, backend: Backend) -> dict[str, Any]:
    job = {
        "name": f"{steps.name}-deploy",
        "image": image_ref("tickets"),
        "command": ["bun", "x", "convex", "deploy"],
        "env": {"CONVEX_SELF_HOSTED_URL": "http://convex_backend:3210"},
        "networks": [{"name": backend.network}],
        "labels": steps.labels,
    }
    return backend.given(job=job, timeout_s=90)


def test_environment_then_functions_as_a_release_does(steps: Steps, backend: Backend) -> None:
    """One test, because the backend takes seconds to start and the steps build on each other."""
    key = steps.run("convex-admin-key", backend.given())
    assert len(key.result["fingerprint"]) == 12
    assert "convex-self-hosted|" not in key.out + key.err

    early = steps.run("convex-deploy", deploy(steps, backend))
    assert early.code == 1
    assert "MACHINE_PROVISIONING_SECRET" in early.err

    wanted = {"MACHINE_PROVISIONING_SECRET": PROVISIONING, "MACHINE_TOKEN_TTL_MS": "2592000000"}
    target = ConvexTarget.model_validate_json(json.dumps(backend.given()))
    said = io.StringIO()
    context = Context(redactor=Redactor([PROVISIONING]), stderr=said)
    assert convex_env.bring(target, {**wanted, "GONE": None}, context) == wanted
    assert said.getvalue() == f"convex: changing {', '.join(sorted(wanted))}\n"
    assert convex_env.bring(target, wanted, context) == wanted
    less = {"MACHINE_TOKEN_TTL_MS": None}
    assert convex_env.bring(target, less, context) == {"MACHINE_PROVISIONING_SECRET": PROVISIONING}
    assert convex_env.look(target, context) == {"MACHINE_PROVISIONING_SECRET": PROVISIONING}
    assert PROVISIONING not in said.getvalue()
    assert said.getvalue().count("changing") == 2

    process = steps.start("convex-deploy", deploy(steps, backend))
    seen = ""
    while process.poll() is None:
        seen += json.dumps(steps.services())
        time.sleep(0.3)
    ended = steps.finish(process)
    assert ended.code == 0, ended.err
    assert f"{steps.name}-deploy" in seen
    assert "convex-self-hosted|" not in seen + ended.out + ended.err
    assert [one["Spec"]["Name"] for one in steps.secrets()] == [f"{steps.name}-i"]


def test_a_service_that_does_not_run_gives_no_key(steps: Steps) -> None:
    given = Backend(service=f"{steps.name}-none", network="", url="http://127.0.0.1:9").given()
    ended = steps.run("convex-admin-key", given)
    assert ended.code == 1
    assert "no container of that service runs" in ended.err
