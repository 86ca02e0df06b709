"""How a service is seen on its way to a specification; what is the same, and what is kept shut."""

from __future__ import annotations

from typing import Any

import pytest

from steps.release.change import same, stopped
from steps.release.seal import HEADER, sealed
from steps.release.tasks import Standing, is_of, standing

TEMPLATE = {"ContainerSpec": {"Image": "app@sha256:new"}, "Placement": {}, "Runtime": "container"}
OLD = {"ContainerSpec": {"Image": "app@sha256:old"}}


def task(
    name: str,
    state: str,
    *,
    wanted: str = "running",
    error: str = "",
    spec: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "ID": name,
        "CreatedAt": f"2026-11-22T10:00:{len(name):02d}Z",
        "DesiredState": wanted,
        "Status": {"State": state, **({"Err": error} if error else {})},
        "Spec": TEMPLATE if spec is None else spec,
    }


def seen(*tasks: dict[str, Any], known: tuple[str, ...] = (), **service: object) -> Standing:
    given = {"Spec": {"TaskTemplate": TEMPLATE}, **service}
    return standing(given, tasks, known=frozenset(known))


def test_a_service_runs_when_exactly_its_new_task_does() -> None:
    old = task("old", "shutdown", wanted="shutdown", spec=OLD)
    assert seen(old, task("new", "running")).runs


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        [task("new", "starting")],
        [task("new", "running", wanted="shutdown")],
        [task("old", "running", spec=OLD)],
        [task("old", "running", wanted="shutdown", spec=OLD), task("new", "running")],
        [task("new", "running"), task("newer", "preparing")],
        [task("new", "running"), task("newer", "running")],
        [task("new", "failed")],
    ],
)
def test_anything_else_is_not_running_yet(tasks: list[dict[str, Any]]) -> None:
    assert not seen(*tasks).runs


@pytest.mark.parametrize(
    "state", ["complete", "failed", "rejected", "orphaned", "shutdown", "remove"]
)
def test_a_task_that_has_ended_holds_nothing_any_more(state: str) -> None:
    assert seen(task("old", state, wanted="shutdown")).none


@pytest.mark.parametrize("state", ["new", "pending", "preparing", "starting", "ready", "running"])
def test_a_task_that_was_told_to_end_still_holds_its_volumes(state: str) -> None:
    assert not seen(task("old", state, wanted="shutdown")).none


def test_failures_of_before_are_not_held_against_the_new_release() -> None:
    before, new = task("old", "failed", error="old fault"), task("newer", "failed", error="exit 1")
    looked = seen(before, new, known=("old",))
    assert (looked.failures, looked.error, looked.failed_task) == (1, "exit 1", "newer")
    assert seen(before, known=("old",)).failures == 0


@pytest.mark.parametrize("state", ["complete", "failed", "rejected", "orphaned"])
def test_a_task_that_ends_by_itself_is_a_failure_however_it_ended(state: str) -> None:
    assert seen(task("new", state, wanted="shutdown")).failures == 1


def test_the_newest_failure_is_the_one_that_is_told() -> None:
    first, second = task("a", "failed", error="first"), task("bb", "rejected", error="second")
    assert seen(second, first).error == "second"
    assert seen(second, first).failed_task == "bb"


def test_what_swarm_says_of_an_update_is_kept_and_may_be_missing() -> None:
    status = {"State": "rollback_started", "Message": "task t1 failed"}
    looked = seen(UpdateStatus=status)
    assert (looked.update, looked.message) == ("rollback_started", "task t1 failed")
    assert (seen().update, seen().message) == ("", "")
    assert seen(UpdateStatus=None).update == ""


def test_a_task_is_of_a_specification_though_it_was_placed_otherwise() -> None:
    spec = {"TaskTemplate": {**TEMPLATE, "Placement": {"Constraints": ["node.role==manager"]}}}
    assert is_of({"Spec": {"ContainerSpec": TEMPLATE["ContainerSpec"]}}, spec)


@pytest.mark.parametrize(
    "other",
    [
        {"ContainerSpec": {"Image": "app@sha256:old"}},
        {"ContainerSpec": {"Image": "app@sha256:new", "Args": ["x"]}},
        {**TEMPLATE, "Networks": [{"Target": "n1"}]},
        {**TEMPLATE, "ForceUpdate": 1},
    ],
)
def test_a_task_of_another_specification_is_told_apart(other: dict[str, Any]) -> None:
    assert not is_of({"Spec": other}, {"TaskTemplate": TEMPLATE})


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({}, {"Args": [], "Dir": "", "Init": False, "ForceUpdate": 0, "Labels": None}),
        ({}, {"DNSConfig": {}, "Resources": {"Limits": {"NanoCPUs": 0}}}),
        ({"Args": None}, {"Args": []}),
        ({"Delay": 0}, {}),
        ({"Env": ["A=1"], "Isolation": "default"}, {"Env": ["A=1"]}),
        ({"Mounts": [{"Type": "volume"}]}, {"Mounts": [{"Type": "volume", "ReadOnly": False}]}),
        ({"MaxFailureRatio": 0}, {"MaxFailureRatio": 0.0}),
    ],
)
def test_what_the_api_leaves_out_or_adds_is_no_difference(
    found: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert same(found, wanted)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"Image": "a"}, {"Image": "b"}),
        ({}, {"Init": True}),
        ({"Init": True}, {"Init": False}),
        ({"Args": ["x"]}, {"Args": []}),
        ({"Args": ["x"]}, {"Args": ["x", "y"]}),
        ({"Env": ["A=1", "B=2"]}, {"Env": ["B=2", "A=1"]}),
        ({"Limits": {"MemoryBytes": 1}}, {"Limits": {"MemoryBytes": 2}}),
        ({}, {"Healthcheck": {"Retries": 5}}),
        ({"Secrets": [{"SecretID": "s1"}]}, {"Secrets": [{"SecretID": "s2"}]}),
        ({"Mode": {"Replicated": {}}}, {"Mode": {"Replicated": {"Replicas": 1}}}),
    ],
)
def test_any_other_difference_is_one(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert not same(found, wanted)


SPEC = {
    "Name": "app",
    "Labels": {
        "traefik.enable": "true",
        "traefik.http.routers.app.rule": "Host(`a.example.com`) || Host(`b.example.com`)",
        "traefik.http.routers.app-old.rule": "Host(`c.example.com`)",
        "traefik.http.routers.app.entrypoints": "websecure",
        "traefik.http.middlewares.x.headers.rule": "y",
    },
    "TaskTemplate": TEMPLATE,
    "Mode": {"Replicated": {"Replicas": 1}},
}


def test_a_sealed_service_answers_on_each_route_only_to_who_has_the_token() -> None:
    labels = sealed(SPEC, "0a1b")["Labels"]
    key = f"Header(`{HEADER}`, `0a1b`)"
    # The brackets count: && binds stronger than || in a rule.
    assert labels["traefik.http.routers.app.rule"] == (
        f"(Host(`a.example.com`) || Host(`b.example.com`)) && {key}"
    )
    assert labels["traefik.http.routers.app-old.rule"] == f"(Host(`c.example.com`)) && {key}"


def test_sealing_changes_rules_alone_so_that_opening_restarts_nothing() -> None:
    shut = sealed(SPEC, "0a1b")
    assert {**shut, "Labels": None} == {**SPEC, "Labels": None}
    changed = {name for name, value in shut["Labels"].items() if SPEC["Labels"][name] != value}  # type: ignore[index]
    assert changed == {"traefik.http.routers.app.rule", "traefik.http.routers.app-old.rule"}
    assert not same(shut, SPEC)


def test_a_sealed_or_stopped_specification_leaves_the_given_one_alone() -> None:
    before = repr(SPEC)
    sealed(SPEC, "0a1b")
    stopped(SPEC)
    assert repr(SPEC) == before


def test_a_stopped_specification_differs_in_its_number_of_tasks_alone() -> None:
    held = stopped(SPEC)
    assert held["Mode"] == {"Replicated": {"Replicas": 0}}
    assert {**held, "Mode": None} == {**SPEC, "Mode": None}
    assert not same(SPEC, held)
