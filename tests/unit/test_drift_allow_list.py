"""What may be there although nobody declared it."""

from collections.abc import Callable

import pytest

from tests.unit.drift_world import STACK, Reality, changed
from tests.unit.stack_files import mistakes
from tests.unit.test_drift_changes import CHANGES, container, file_object, stranger

STRANGE = {
    "an unknown service": "service:min*",
    "an unknown container": "container:shell",
    "an unknown network": "network:sid?",
    "an unknown secret": "secret:*",
    "an unknown config": "config:conf",
    "an unknown volume of this stack": "volume:[!x]*",
    "an unknown record": "record:CNAME *.example.com",
    "a label of a node": "node-label:vps-1 zone",
}


@pytest.mark.parametrize(("change", "pattern"), STRANGE.items())
def test_what_the_allow_list_has_is_no_drift(change: str, pattern: str) -> None:
    made = changed(CHANGES[change][0])
    kind, _, name = pattern.partition(":")
    others = [f"{kind}:another", f"{'volume' if kind == 'service' else 'service'}:{name}"]
    made.ignore = others
    assert len(made.found()) == 1
    made.ignore = [*others, pattern]
    assert made.found() == ()


def test_a_port_can_be_allowed_and_what_publishes_it_still_shows() -> None:
    made = changed(lambda one: one.containers.append(container("x", Ports=[{"PublicPort": 53}])))
    made.ignore = ["port:53/tcp"]
    assert [one.resource for one in made.found()] == ["container:x"]


def test_what_is_allowed_may_publish_its_ports() -> None:
    made = changed(lambda one: one.containers.append(container("x", Ports=[{"PublicPort": 53}])))
    made.ignore = ["container:x"]
    assert made.found() == ()


@pytest.mark.parametrize(
    ("kind", "found"), [("proxy-host", "a proxy host"), ("site", "a site of the bench")]
)
def test_what_an_application_holds_undeclared_is_found_and_can_be_allowed(
    kind: str, found: str
) -> None:
    made = Reality(others=[(kind, "old.example.com")])
    (one,) = made.found()
    assert (one.resource, one.found) == (f"{kind}:old.example.com", found)
    made.ignore = [f"{kind}:*.example.com"]
    assert made.found() == ()


def test_the_allow_list_never_hides_a_declared_resource() -> None:
    made = changed(lambda one: one.container.update(User="root"))
    made.ignore = ["service:*", "container:*", "record:*"]
    assert [one.resource for one in made.found()] == ["sistema_web"]


def another_stack_needs_a_label(one: Reality) -> None:
    one.nodes[0]["Spec"]["Labels"]["gpu"] = "1"
    other = stranger("other_ai", **{"estate.stack": "staging"})
    other["Spec"]["TaskTemplate"]["Placement"] = {"Constraints": ["node.labels.gpu==1"]}
    one.services.append(other)


KEPT: dict[str, Callable[[Reality], object]] = {
    "a job of a step": lambda one: one.services.append(
        stranger("sistema_migrate", **{"estate.stack": STACK, "estate.job": "sistema_migrate"})
    ),
    "an older generation of a secret": lambda one: one.secrets.append({
        **file_object("sistema_env_0"),
        "Spec": {"Name": "sistema_env_0", "Labels": {"estate.secret": "sistema_env"}},
    }),
    "a part of the journal": lambda one: one.configs.append({
        **file_object("sistema_journal_1"),
        "Spec": {"Name": "sistema_journal_1", "Labels": {"estate.journal": "sistema"}},
    }),
    "a service of another stack": lambda one: one.services.append(
        stranger("other_web", **{"estate.stack": "staging"})
    ),
    "a container of a service": lambda one: one.containers.append(
        container("other_web.1.x", Labels={"com.docker.swarm.service.id": "s9"})
    ),
    "a volume without a name": lambda one: one.volumes.append({"Name": "0f" * 32, "Labels": None}),
    "a volume of somebody else": lambda one: one.volumes.append({"Name": "x", "Labels": None}),
    "a network of one host": lambda one: one.networks.append({
        "Id": "n8",
        "Name": "compose_default",
        "Scope": "local",
        "Labels": {},
    }),
    "a record that proves a name to the authority": lambda one: one.records.append({
        "id": "r8",
        "type": "TXT",
        "name": "_acme-challenge.tickets.example.com",
        "content": "x",
    }),
    "a label that another stack's service needs": another_stack_needs_a_label,
}


@pytest.mark.parametrize("act", KEPT.values(), ids=KEPT.keys())
def test_what_belongs_to_the_estate_or_to_nobody_is_no_stranger(
    act: Callable[[Reality], object],
) -> None:
    assert changed(act).found() == ()


@pytest.mark.parametrize("wrong", ["portainer", "containers:x", "container:", "container: x", ""])
def test_a_pattern_names_a_kind(wrong: str) -> None:
    (mistake,) = mistakes({"drift.ignore": [wrong]})
    assert mistake.startswith("estate:drift.ignore[0]: needs a kind and a pattern, for example ")
    assert "node-label" in mistake
