"""The stand-in backend keeps the parts of Convex's contract that the estate relies on."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from components.apps.tickets.services import start_backend
from tests.images.tickets_demo import MIGRATE, PROVISIONING, VARIABLES, run_once

if TYPE_CHECKING:
    from tests.images.conftest import Running, Start

SECRET = "ab12" * 16
ENVIRONMENT = {
    "CONVEX_CLOUD_ORIGIN": "http://convex.localhost",
    "CONVEX_SITE_ORIGIN": "http://convex.localhost/http",
    "INSTANCE_NAME": "convex-self-hosted",
}
SECRET_FILE = "/tmp/instance_secret"  # noqa: S108 - inside the container
# How the service hands the secret over, without showing it in its specification.
WRAPPER = f"echo {SECRET} >{SECRET_FILE}; {start_backend(SECRET_FILE, {})}"
PORTS = {"3210/tcp": ("127.0.0.1", None)}


@pytest.fixture
def convex(start: Start, images: dict[str, str], volume: str, network: str) -> Running:
    running = start(
        images["convex"],
        WRAPPER,
        entrypoint=["sh", "-c"],
        environment=ENVIRONMENT,
        volumes={volume: {"bind": "/convex/data"}},
        network=network,
        ports=PORTS,
    )
    running.wait_for(3210, "/version")
    return running


def authorise(convex: Running) -> dict[str, str]:
    code, key = convex.execute("./generate_admin_key.sh")
    assert code == 0
    assert key.startswith("convex-self-hosted|01")
    return {"Authorization": f"Convex {key.strip()}"}


def set_variable(convex: Running, name: str, value: str | None) -> httpx.Response:
    return httpx.post(
        convex.url(3210) + "/api/update_environment_variables",
        headers=authorise(convex),
        json={"changes": [{"name": name, "value": value}]},
    )


def test_only_a_key_of_this_instance_is_accepted(convex: Running) -> None:
    url = convex.url(3210) + "/api/list_environment_variables"
    assert httpx.get(url).status_code == 401
    good = authorise(convex)
    assert httpx.get(url, headers=good).json() == {"environmentVariables": {}}
    forged = good["Authorization"][:-1] + ("0" if good["Authorization"][-1] != "0" else "1")
    assert httpx.get(url, headers={"Authorization": forged}).status_code == 401
    other = good["Authorization"].replace("convex-self-hosted", "other")
    assert httpx.get(url, headers={"Authorization": other}).status_code == 401


def test_variables_are_set_deleted_and_checked(convex: Running) -> None:
    url = convex.url(3210)
    assert set_variable(convex, "A", "1").status_code == 200
    assert set_variable(convex, "B", "2").status_code == 200
    assert set_variable(convex, "A", None).status_code == 200
    headers = authorise(convex)
    listed = httpx.get(url + "/api/list_environment_variables", headers=headers).json()
    assert listed == {"environmentVariables": {"B": "2"}}
    bad = httpx.post(
        url + "/api/update_environment_variables", headers=headers, json={"changes": [], "x": 1}
    )
    assert bad.status_code == 400
    assert "unknown field `x`" in bad.text


def test_functions_are_published_after_their_variables_and_serve_the_web(
    start: Start, convex: Running, images: dict[str, str], volume: str, network: str
) -> None:
    def deploy(**extra: str) -> tuple[int, str]:
        running = start(
            images["tickets"],
            *("bun", "x", "convex", "deploy"),
            network=network,
            environment={
                "CONVEX_SELF_HOSTED_URL": f"http://{convex.container.name}:3210",
                "CONVEX_SELF_HOSTED_ADMIN_KEY": authorise(convex)["Authorization"].split(" ")[1],
                **extra,
            },
        )
        return running.wait(), running.logs()

    code, log = deploy()
    assert code == 1
    assert "MACHINE_PROVISIONING_SECRET is not set" in log
    assert set_variable(convex, "MACHINE_PROVISIONING_SECRET", PROVISIONING).status_code == 200
    code, log = deploy(CONVEX_DEPLOYMENT="dev:x")
    assert code == 1
    assert "CONVEX_DEPLOYMENT must not be set" in log
    code, log = deploy()
    assert code == 0, log
    assert "stand-in" in log

    assert run_once(start, images["tickets"], *MIGRATE, volume=volume)[0] == 0
    web = start(
        images["tickets"],
        environment=VARIABLES | {"CONVEX_INTERNAL_URL": f"http://{convex.container.name}:3210"},
        volumes={volume: {"bind": "/app/data"}},
        network=network,
        ports={"3000/tcp": ("127.0.0.1", None)},
    )
    url = web.wait_for(3000, "/api/health")
    device = {"provisioningSecret": PROVISIONING, "hostname": "estate-smoke", "tenantId": "t"}
    first = httpx.post(url + "/api/machines/register", json=device)
    again = httpx.post(url + "/api/machines/register", json=device)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["machineId"] == again.json()["machineId"]
    beat = {"machineToken": again.json()["machineToken"]}
    assert httpx.post(url + "/api/machines/heartbeat", json=beat).status_code == 200
    beat["machineToken"] = "unknown"
    assert httpx.post(url + "/api/machines/heartbeat", json=beat).status_code == 401
    web.container.stop(timeout=10)
    assert web.wait() == 0


def test_only_sigint_stops_it_and_the_data_survives(
    start: Start, convex: Running, images: dict[str, str], volume: str
) -> None:
    set_variable(convex, "KEPT", "yes")
    convex.container.kill("SIGTERM")
    time.sleep(0.5)
    assert httpx.get(convex.url(3210) + "/version").status_code == 200
    convex.container.kill("SIGINT")
    assert convex.wait() == 0
    # Without the secret in its environment: the volume has it, as in the real image.
    after = start(
        images["convex"],
        environment=ENVIRONMENT,
        volumes={volume: {"bind": "/convex/data"}},
        ports=PORTS,
    )
    url = after.wait_for(3210, "/version")
    listed = httpx.get(url + "/api/list_environment_variables", headers=authorise(after)).json()
    assert listed == {"environmentVariables": {"KEPT": "yes"}}
    instances = httpx.get(url + "/debug/instances").json()["instances"]
    assert [bool(one["stopped_at"]) for one in instances] == [True, False]
    assert not any(one["overlapped"] for one in instances)


def test_two_on_one_volume_are_noticed(
    start: Start, convex: Running, images: dict[str, str], volume: str
) -> None:
    second = start(
        images["convex"],
        environment=ENVIRONMENT,
        volumes={volume: {"bind": "/convex/data"}},
        ports=PORTS,
    )
    url = second.wait_for(3210, "/version")
    second.wait_for_log("ANOTHER BACKEND")
    assert "ANOTHER BACKEND" not in convex.logs()
    instances = httpx.get(url + "/debug/instances").json()["instances"]
    assert [one["overlapped"] for one in instances] == [False, True]


def test_the_sync_websocket_is_accepted(convex: Running) -> None:
    _, _, port = convex.url(3210).rpartition(":")
    request = (
        "GET /api/1.45.0/sync HTTP/1.1\r\nHost: convex\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(1000).decode()
    # Key and answer are the example of RFC 6455, section 1.3.
    assert answer.startswith("HTTP/1.1 101")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer


def test_its_log_holds_the_secret_unless_the_service_starts_it(
    start: Start, convex: Running, images: dict[str, str]
) -> None:
    assert SECRET not in convex.logs()
    careless = start(
        images["convex"], environment={**ENVIRONMENT, "INSTANCE_SECRET": SECRET}, ports=PORTS
    )
    careless.wait_for(3210, "/version")
    assert SECRET in careless.logs()


def test_its_health_can_be_asked_with_curl(convex: Running) -> None:
    assert convex.execute("curl", "-f", "http://localhost:3210/version")[0] == 0
