"""What the switch makes of a service, against what the declared resource makes of the same.

They have to be equal to the last field: Swarm restarts a task for any difference, and the resource
that records a release after its switch must not start it a second time.
"""

import dataclasses
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import docker
import pulumi
import pytest

from components.hooks import Hooks
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, as_input, service
from local.plugins.base.checking import check
from local.plugins.docker.service.fields import FIELDS
from local.plugins.docker.service.spec import service_spec
from steps.release.service import ServiceInput, spec_of
from steps.swarm import Swarm
from tests.unit.declared import Registered, declared, registered
from tests.unit.stack_files import CRM, IMAGE

OTHER = IMAGE.replace("a1", "b2")
PLAIN_ZERO = frozenset({"NanoCPUs", "MaxReplicas", "ReadOnly"})
"""Fields of the API that cannot tell zero from nothing (in Go no pointers)."""
PLAIN_EMPTY = frozenset({"Labels", "DriverOpts"})
"""Maps of the API, for which the same holds."""


def said(value: object) -> Any:  # noqa: ANN401 - JSON
    """A specification as Swarm reads it: what says nothing is left out, and nothing else is.

    A pointer to zero is not the same as none, so zeros and empty objects stay, but for the fields
    named above; lists and texts say nothing when they are empty.
    """
    if isinstance(value, dict):
        return {key: said(one) for key, one in value.items() if not _is_silent(key, one)}
    if isinstance(value, list):
        return [said(one) for one in value]
    return value


def _is_silent(key: str, value: object) -> bool:
    if value is None or value in ("", []):
        return True
    if key in PLAIN_EMPTY and value == {}:
        return True
    return key in PLAIN_ZERO and not value


def by_resource(inputs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """What the stand-in for the official plugin sends for declared inputs."""
    checked, mistakes = check(_whole(inputs), FIELDS)
    assert mistakes == []
    return service_spec(checked)


def by_switch(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the switch sends for the input of its step."""
    wanted = ServiceInput.model_validate_json(json.dumps(given))
    networks = {one.name: f"{one.name}-id" for one in wanted.networks}
    secrets = {one.name: f"{one.name}-id" for one in wanted.secrets}
    return spec_of(wanted, networks=networks, secrets=secrets)


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Numbers of the engine's protocol as a plugin gets them."""
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def file_at(name: str, target: str) -> SecretFile:
    return SecretFile(name=name, id=f"{name}-id", target=target, resource=cast("Any", None))


BASE = ServiceSpec(
    name="app",
    image=IMAGE,
    healthcheck=Healthcheck(test=["CMD", "true"]),
    memory_limit=2**30,
    memory_reservation=2**28,
    networks=[Attachment(network="public-id", name="public")],
)
VOLUME = Mount(kind="volume", source="data", target="/data")
FOLDER = Mount(kind="bind", source="/srv/app", target="/app")
SOCKET = Mount(kind="bind", source="/run/x.sock", target="/run/x.sock", read_only=True)
SHARED = Mount(kind="volume", source="files", target="/files", shared=True)
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "another image": {"image": OTHER},
    "an entrypoint": {"entrypoint": ["/bin/sh", "-c"]},
    "arguments": {"args": ["postgres", "-c", "work_mem=2621kB"]},
    "both": {"entrypoint": ["node"], "args": ["server.js", ""]},
    "variables out of order": {"env": {"B": "2", "A": "1=1", "C": ""}},
    "a folder": {"dir": "/app"},
    "another signal": {"stop_signal": "SIGINT"},
    "a long goodbye": {"stop_grace_s": 120},
    "no goodbye": {"stop_grace_s": 0},
    "long checks": {
        "healthcheck": Healthcheck(
            test=["CMD", "node", "-e", "a&&b"],
            interval_s=90,
            timeout_s=61,
            retries=1,
            start_period_s=3600,
        )
    },
    "checks from the start": {
        "healthcheck": Healthcheck(test=["CMD-SHELL", "exit 0"], start_period_s=0)
    },
    "memory": {"memory_limit": 20 * 2**30, "memory_reservation": 8 * 2**30},
    "one writer": {"mounts": [VOLUME]},
    "mounts of each kind": {"mounts": [FOLDER, VOLUME, SOCKET, SHARED]},
    "a reader": {"mounts": [SOCKET]},
    "shared files": {"mounts": [SHARED]},
    "secrets out of order": {
        "secrets": [file_at("b_0123", "/run/secrets/b"), file_at("c_0123", "/app/.env")]
    },
    "labels": {"labels": {"traefik.enable": "true", "estate.stack": "prod", "a": ""}},
    "a label of a volume": {
        "mounts": [dataclasses.replace(VOLUME, labels={"com.docker.stack.namespace": "app"})]
    },
    "a label of the containers": {"container_labels": {"com.docker.stack.namespace": "app"}},
    "constraints out of order": {"constraints": ["node.role==worker", "node.hostname==vps"]},
    "networks and aliases": {
        "networks": [
            Attachment(network="private-id", name="private", aliases=["web", "app"]),
            Attachment(network="public-id", name="public"),
        ]
    },
}


@pytest.fixture(scope="module")
def resources() -> Registered:
    """Every option as a declared resource."""

    def program() -> None:
        for name, options in OPTIONS.items():
            spec = dataclasses.replace(BASE, name=name, **options)
            service(spec, Hooks(), pulumi.ResourceOptions())

    return registered(program)


@pytest.mark.parametrize("option", OPTIONS)
def test_the_switch_sends_what_the_resource_would(resources: Registered, option: str) -> None:
    spec = dataclasses.replace(BASE, name=option, **OPTIONS[option])
    declared_one = by_resource(resources[f"Service:{option}"].inputs)
    given = {**as_input(spec), "name": "app"}
    assert said(by_switch(given)) == said({**declared_one, "Name": "app"})


@pytest.mark.parametrize("option", [option for option in OPTIONS if option != "nothing more"])
def test_every_option_reaches_the_specification(option: str) -> None:
    spec = dataclasses.replace(BASE, **OPTIONS[option])
    assert by_switch(as_input(spec)) != by_switch(as_input(BASE))


def test_no_option_is_left_out_of_the_table() -> None:
    ours = {field.name for field in dataclasses.fields(ServiceSpec)}
    # `user` is of services that no release switches.
    apart = {"name", "ports", "user"}
    assert {name for options in OPTIONS.values() for name in options} == ours - apart


DASHBOARD = {"domain": "admin.example.com", "image": IMAGE, "allow": ["203.0.113.0/24"]}
STACKS: dict[str, dict[str, object]] = {
    "as it is": {},
    "https": {"edge.acme": {"email": "certificates@example.com"}},
    "another port": {"edge.http_port": 8080},
    "a source tree": {
        "tickets.source": {"path": "/srv/apps/sistema"},
        "tickets.release_sha": "0123456789ab",
    },
    "a node": {"hosts.vps.node": "vps-1"},
    "a dashboard": {"tickets.dashboard": DASHBOARD},
    "more domains": {"crm.backend.extra_domains": ["old.example.com"], "crm.backend.port": 3002},
    "more memory": {"tickets.web.memory_limit": "3G", "crm.backend.memory_limit": "2G"},
    "adopted": {
        f"adopted.{service}": {"stack": "old", "alias": "short"}
        for service in ("sistema_web", "sistema_convex_backend", "crm-backend")
    },
    "offline": {"tickets.migrations": "offline", "crm.migrations": "offline"},
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("sistema-switch", "sistema_web"),
        ("sistema-convex-switch", "sistema_convex_backend"),
        ("crm-switch", "crm-backend"),
    ],
)
def test_each_application_is_switched_to_what_its_resource_declares(
    stack: str, step: str, name: str
) -> None:
    estate = declared({**CRM, **STACKS[stack]})
    given = estate[f"Command:{step}"].step["phases"][-1]["service"]
    assert given["name"] == name
    assert said(by_switch(given)) == said(by_resource(estate[f"Service:{name}"].inputs))


def test_no_service_that_is_switched_publishes_a_port() -> None:
    estate = declared(CRM)
    for name in ("sistema_web", "sistema_convex_backend", "crm-backend"):
        assert estate[f"Service:{name}"].inputs["endpointSpec"].get("ports", []) == []


def test_the_daemon_is_sent_the_specification_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, Any, Any]] = []

    def post(url: str, *, data: object, params: object, headers: object) -> SimpleNamespace:
        del headers
        sent.append((url, data, params))
        return SimpleNamespace(json=dict, raise_for_status=lambda: None)

    api = docker.APIClient(base_url="http://127.0.0.1:9", version="1.40")
    monkeypatch.setattr(api, "_post_json", post)
    wanted = by_switch(as_input(dataclasses.replace(BASE, mounts=[VOLUME])))
    found = {"ID": "id-of-app", "Version": {"Index": 7}, "Spec": {"Name": "app"}}
    Swarm(cast("Any", SimpleNamespace(api=api))).update_service(found, wanted)
    ((url, data, params),) = sent
    assert url.endswith("/services/id-of-app/update")
    assert params == {"version": 7}
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(wanted))
