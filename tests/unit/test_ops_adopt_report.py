"""What a person is told before anything is adopted."""

from typing import Any

import pytest

from ops.adopt_report import Change, changes, report

SERVICE = "docker:index/service:Service"
URN = "urn:pulumi:prod::estate::estate:apps:Tickets${type}::{name}"


def step(op: str, type_: str, name: str, **given: object) -> dict[str, Any]:
    return {"op": op, "urn": URN.format(type=type_, name=name), **given}


def differing(field: str, declared: object, found: object, op: str = "update") -> dict[str, Any]:
    return step(
        op,
        SERVICE,
        "sistema_web",
        oldState={"outputs": found},
        newState={"inputs": declared},
        detailedDiff={field: {"kind": "update"}},
    )


def test_a_field_shows_what_the_file_says_and_what_runs() -> None:
    (one,) = changes([differing("mode.replicas", {"mode": {"replicas": 1}}, {"mode": {}})])
    assert (one.resource, one.field) == ("sistema_web", "mode.replicas")
    assert (one.declared, one.found) == ("1", "nothing")


@pytest.mark.parametrize(
    ("field", "op", "cost"),
    [
        ("taskSpec.containerSpec.healthcheck", "update", "restarts its task"),
        ("endpointSpec.mode", "update", "restarts its task"),
        ("labels[0].value", "update", "restarts nothing"),
        ("updateConfig.order", "update", "restarts nothing"),
        ("name", "replace", "is removed and made anew"),
    ],
)
def test_what_a_field_of_a_service_costs(field: str, op: str, cost: str) -> None:
    assert Change("sistema_web", SERVICE, op, field).cost == cost


@pytest.mark.parametrize("kind", ["network:Network", "volume:Volume"])
def test_what_is_in_use_or_holds_data_cannot_be_made_anew(kind: str) -> None:
    assert Change("public", f"docker:index/{kind}", "replace", "attachable").is_impossible
    assert not Change("public", f"docker:index/{kind}", "update", "attachable").is_impossible


def test_of_the_three_steps_of_a_replacement_one_counts() -> None:
    steps = [
        differing("name", {"name": "a"}, {"name": "b"}, op)
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    assert len(changes(steps)) == 1


def test_a_provider_is_nothing_to_tell_of() -> None:
    assert changes([step("create", "pulumi:providers:docker", "vps")]) == []


def test_the_report_has_each_part_and_says_what_comes_first() -> None:
    new = [
        {"type": SERVICE, "urn": URN.format(type=SERVICE, name="sistema_web")},
        {"type": "pulumi:providers:docker", "urn": URN.format(type="p", name="vps")},
    ]
    left = changes([
        differing("taskSpec.x", {"taskSpec": {"x": 1}}, {"taskSpec": {"x": 2}}),
        step("create", "docker:index/secret:Secret", "web_env_1"),
        step("create", "command:local:Command", "sistema-backup"),
        step("create", "command:local:Command", "sistema-migrate"),
    ])
    shown = report("prod", new, left).splitlines()
    assert shown[0] == "stack prod: 1 service to be imported"
    assert "vps" not in "".join(shown)
    assert "sistema_web  taskSpec.x  1           2     restarts its task" in shown
    assert "made anew: secret web_env_1" in shown
    assert "carried out, each undone if it fails: sistema-backup, sistema-migrate" in shown


def test_the_report_says_so_when_nothing_differs() -> None:
    assert report("prod", [], []) == (
        "stack prod: nothing new to be imported\n\n"
        "the first update changes nothing, and no task restarts\n"
    )
