"""The edge sees services, tasks, networks and nodes of the Docker API, and nothing else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest
from docker.types import ServiceMode

if TYPE_CHECKING:
    from tests.images.conftest import Place, Running, Start

SOCKET = {"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "ro"}}
EDGE = {"SERVICES": "1", "TASKS": "1", "NETWORKS": "1", "NODES": "1"}


@pytest.fixture(scope="module")
def docker_filter(shared: Place, images: dict[str, str]) -> Running:
    running = shared.start(
        images["docker-filter"],
        environment=EDGE,
        volumes=SOCKET,
        ports={"2375/tcp": ("127.0.0.1", None)},
    )
    running.wait_for(2375, "/_ping")
    return running


def test_what_the_edge_needs_is_let_through(docker_filter: Running) -> None:
    url = docker_filter.url(2375)
    for path in ("/services", "/v1.41/tasks", "/v1.41/networks", "/nodes", "/version", "/_ping"):
        assert httpx.get(url + path).status_code == 200, path
    assert httpx.head(url + "/_ping").status_code == 200
    assert isinstance(httpx.get(url + "/v1.41/services").json(), list)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/secrets"),
        ("GET", "/v1.41/secrets"),
        ("GET", "/configs"),
        ("GET", "/containers/json"),
        ("GET", "/images/json"),
        ("GET", "/info"),
        ("GET", "/swarm"),
        ("GET", "/servicesx"),
        ("GET", "/services/any/logs"),
        ("GET", "/services/../secrets"),
        ("GET", "/services/%2e%2e/secrets"),
        ("GET", "//secrets"),
        ("POST", "/services/create"),
        ("POST", "/containers/create"),
        ("POST", "/nodes/any/update"),
        ("DELETE", "/services/any"),
        ("PUT", "/networks/any"),
        ("POST", "/session"),
    ],
)
def test_everything_else_is_refused(docker_filter: Running, method: str, path: str) -> None:
    url = httpx.URL(docker_filter.url(2375), raw_path=path.encode())
    assert httpx.request(method, url).status_code == 403


def test_the_edge_sees_those_services_alone_that_it_shall_route(
    docker_filter: Running, shared: Place, images: dict[str, str]
) -> None:
    names = [f"filtered-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name, labels in zip(names, ({"traefik.enable": "true"}, {}), strict=True):
        one = shared.client.services.create(
            images["tools"], name=name, labels=labels, mode=ServiceMode("replicated", replicas=0)
        )
        shared.undo.callback(one.remove)
    for path in ("/services", "/v1.41/services", "/v1.41/services?filters=%7B%7D"):
        answer = httpx.get(docker_filter.url(2375) + path)
        seen = {one["Spec"]["Name"] for one in answer.json()}
        assert seen & set(names) == {names[0]}, path


def test_without_variables_only_ping_version_and_events_are_open(
    start: Start, images: dict[str, str]
) -> None:
    running = start(
        images["docker-filter"], volumes=SOCKET, ports={"2375/tcp": ("127.0.0.1", None)}
    )
    url = running.wait_for(2375, "/_ping")
    for path in ("/services", "/tasks", "/networks", "/nodes"):
        assert httpx.get(url + path).status_code == 403, path


def test_its_health_can_be_asked_from_inside(docker_filter: Running) -> None:
    check = ("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2375/_ping")
    assert docker_filter.execute(*check)[0] == 0
