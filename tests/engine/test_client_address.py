"""The application sees who really asks, because the edge holds the ports of the host itself."""

import json

import pytest

from tests.engine.network_namespace import namespace
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

ADDRESS, GATEWAY = "10.231.5.2", "10.231.5.1"


def seen_address(estate: Stack, **headers: str) -> str:
    edge, domain = estate.config["edge"], estate.config["tickets"]["web"]["domain"]
    url = f"http://{GATEWAY}:{edge['http_port']}/api/whoami"
    with namespace("far5", ADDRESS, GATEWAY) as elsewhere:
        seen = json.loads(elsewhere.get(url, host=domain, **headers))
    return str(seen["address"])


def test_the_application_sees_the_clients_own_address(estate: Stack) -> None:
    assert seen_address(estate) == ADDRESS


def test_a_client_cannot_pretend_to_have_another_address(estate: Stack) -> None:
    other = "203.0.113.9"
    assert seen_address(estate, x_forwarded_for=other, x_real_ip=other) == ADDRESS
