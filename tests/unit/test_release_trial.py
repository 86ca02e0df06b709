"""The service in which a release is tried: met by nobody, and in nobody's way at the edge."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from components.edge.route import EDGE_LABEL, Route, route_labels
from components.swarm.order import Mount
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, as_input
from settings import Edge
from steps.release.plan import Switch
from steps.release.seal import HEADER
from steps.release.service import ServiceInput, spec_of
from steps.release.trial import needs_trial, trial_of
from tests.unit.stack_files import IMAGE

EDGE = Edge(host="here", image=IMAGE, filter_image=IMAGE, acme=None)
ROUTE = Route(
    service="api", domains=["api.example.com"], port=80, allow=["10.0.0.0/8"], users=["x:y"]
)
BASE = ServiceSpec(
    name="api",
    image=IMAGE,
    healthcheck=Healthcheck(test=["CMD", "true"]),
    memory_limit=2**30,
    memory_reservation=2**28,
    networks=[Attachment(network="i", name="internal", aliases=["backend"])],
    labels={**route_labels(ROUTE, EDGE), "estate.stack": "prod"},
)
VOLUME = Mount(kind="volume", source="data", target="/data")


def given(**other: Any) -> ServiceInput:  # noqa: ANN401 - any field of a service
    text = json.dumps(as_input(dataclasses.replace(BASE, **other)))
    return ServiceInput.model_validate_json(text)


def spec(**other: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return spec_of(given(**other), networks={"internal": "i"}, secrets={})


def named(labels: dict[str, str]) -> set[tuple[str, str]]:
    """Kind and name of what labels define at the edge."""
    parts = [label.split(".") for label in labels if label.startswith("traefik.http.")]
    return {(part[2], part[3]) for part in parts}


def test_nothing_at_the_edge_has_the_name_of_what_serves() -> None:
    ours, theirs = spec()["Labels"], trial_of(spec(), "0a1b")["Labels"]
    assert named(ours) == {
        *(("routers", "api"), ("services", "api")),
        *(("middlewares", "api-allow"), ("middlewares", "api-login")),
    }
    assert named(theirs) == {(kind, f"{name}-trial") for kind, name in named(ours)}
    router = "traefik.http.routers.api-trial"
    assert theirs[f"{router}.service"] == "api-trial"
    assert theirs[f"{router}.middlewares"] == "api-allow-trial,api-login-trial"
    assert theirs[f"{router}.entrypoints"] == "web"
    assert theirs["traefik.http.services.api-trial.loadbalancer.server.port"] == "80"


def test_its_route_needs_the_token_and_is_for_the_same_edge() -> None:
    labels = trial_of(spec(), "0a1b")["Labels"]
    rule = labels["traefik.http.routers.api-trial.rule"]
    assert rule == f"(Host(`api.example.com`)) && Header(`{HEADER}`, `0a1b`)"
    assert (labels[EDGE_LABEL], labels["estate.stack"]) == ("traefik", "prod")


def test_no_name_of_the_application_leads_to_it_and_it_is_started_once() -> None:
    tried = trial_of(spec(), "0a1b")
    assert tried["Name"] == "api-trial"
    assert tried["TaskTemplate"]["Networks"] == [{"Target": "i", "Aliases": []}]
    assert tried["TaskTemplate"]["RestartPolicy"]["Condition"] == "none"
    assert tried["TaskTemplate"]["ContainerSpec"] == spec()["TaskTemplate"]["ContainerSpec"]


@pytest.mark.parametrize(
    ("found", "wanted", "needed"),
    [
        ({}, {"image": IMAGE.replace("a1", "b2")}, True),
        ({"env": {"A": "1"}}, {}, True),
        ({}, {}, False),
        ({"labels": {"a": "b"}}, {}, False),
        ({}, {"image": IMAGE.replace("a1", "b2"), "mounts": [VOLUME]}, False),
    ],
)
def test_a_new_task_is_tried_where_two_may_run(
    found: dict[str, Any], wanted: dict[str, Any], *, needed: bool
) -> None:
    switch = Switch(kind="switch", name="switch", service=given(**wanted))
    assert needs_trial(switch, spec(**found), spec(**wanted)) is needed
