"""The edge sees its services, tasks, networks and nodes of the Docker API, and nothing else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest
from docker.types import ServiceMode

from components.edge.docker_filter import (
    FILTER_COMMAND,
    FILTER_FILE,
    SOCKET,
    filter_config,
)

if TYPE_CHECKING:
    from tests.images.conftest import Place, Running


@pytest.fixture(scope="module")
def docker_filter(
    shared: Place, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Running:
    config = tmp_path_factory.mktemp("filter") / "filter.cfg"
    config.write_text(filter_config(), encoding="utf-8")
    running = shared.start(
        images["docker-filter"],
        *FILTER_COMMAND,
        volumes={
            SOCKET: {"bind": SOCKET, "mode": "ro"},
            str(config): {"bind": FILTER_FILE, "mode": "ro"},
        },
        ports={"2375/tcp": ("127.0.0.1", None)},
    )
    running.wait_for(2375, "/_ping")
    return running


def test_what_the_edge_needs_is_let_through(docker_filter: Running, shared: Place) -> None:
    url = docker_filter.url(2375)
    for path in ("/services", "/v1.41/tasks", "/v1.41/networks", "/version", "/_ping"):
        assert httpx.get(url + path).status_code == 200, path
    assert httpx.head(url + "/_ping").status_code == 200
    assert isinstance(httpx.get(url + "/v1.41/services").json(), list)
    node = shared.client.info()["Swarm"]["NodeID"]
    assert httpx.get(f"{url}/v1.41/nodes/{node}").json()["ID"] == node


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
        ("GET", "/services/any"),
        ("GET", "/nodes"),
        ("GET", "/events"),
        ("GET", "/tasks/any"),
        ("GET", "/tasks/any/logs"),
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


def test_its_health_can_be_asked_from_inside(docker_filter: Running) -> None:
    check = ("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2375/_ping")
    assert docker_filter.execute(*check)[0] == 0
