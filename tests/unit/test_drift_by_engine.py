"""Where the engine itself looks: its steps of a refresh, and what becomes of them."""

import json
import subprocess
from typing import Any

import pytest

from ops.drift import by_engine
from ops.drift.by_engine import EngineError, EngineLook, differences
from ops.drift.declared import Resource
from ops.engine import Engine

HOSTS = "urn:pulumi:prod::estate::estate:npm:ProxyHosts::npm-hosts"
OTHER = "urn:pulumi:prod::estate::docker:index/service:Service::web"


def step(op: str, *, urn: str = HOSTS, **more: object) -> dict[str, Any]:
    return {"op": op, "urn": urn, **more}


def changed(old: object, new: object, *fields: str) -> list[tuple[str, str, str]]:
    seen = differences([
        step(
            "update",
            oldState={"outputs": old},
            newState={"outputs": new},
            detailedDiff={field: {"kind": "update"} for field in fields},
        )
    ])
    return [(one.field, one.declared, one.found) for one in seen]


@pytest.mark.parametrize("op", ["same", "refresh", "read", "create"])
def test_what_is_as_declared_or_not_brought_up_yet_is_not_drift(op: str) -> None:
    assert list(differences([step(op)])) == []


def test_the_engines_own_resources_do_not_drift() -> None:
    provider = "urn:pulumi:prod::estate::pulumi:providers:estate::estate"
    assert list(differences([{"op": "update", "urn": provider}])) == []


def test_an_entry_and_its_field_are_named_with_what_was_declared_and_what_is_there() -> None:
    old = {"hosts": {"acme.example.com": {"forward_port": 8080}}}
    new = {"hosts": {"acme.example.com": {"forward_port": 8081}}}
    path = 'hosts["acme.example.com"].forward_port'
    assert changed(old, new, path) == [(path, "8080", "8081")]


def test_an_added_element_is_shown_although_the_other_side_put_it_first() -> None:
    old, new = {"names": ["a", "c"]}, {"names": ["a", "b", "c"]}
    assert changed(old, new, "names[1]") == [("names[1]", "nothing", '"b"')]


def test_a_removed_element_is_shown_although_others_moved_up() -> None:
    old, new = {"names": ["a", "b"]}, {"names": ["b"]}
    assert changed(old, new, "names[0]") == [("names[0]", '"a"', "nothing")]


def test_each_changed_element_of_a_list_is_shown_by_itself() -> None:
    old, new = {"args": ["--a=1", "--b=1"]}, {"args": ["--a=2", "--b=2"]}
    assert changed(old, new, "args[0]", "args[1]") == [
        ("args[0]", '"--a=1"', '"--a=2"'),
        ("args[1]", '"--b=1"', '"--b=2"'),
    ]


def test_a_resource_that_is_gone_has_no_field() -> None:
    (one,) = differences([step("delete")])
    assert (one.resource, one.field, one.gone, one.urn) == ("npm-hosts", "", True, HOSTS)


def test_a_change_without_detail_still_names_the_property() -> None:
    (one,) = differences([
        step(
            "update",
            oldState={"outputs": {"content": "203.0.113.7"}},
            newState={"outputs": {"content": "203.0.113.8"}},
            diffReasons=["content"],
        )
    ])
    assert (one.field, one.declared, one.found) == ("content", '"203.0.113.7"', '"203.0.113.8"')


def test_a_change_that_says_nothing_at_all_is_still_drift() -> None:
    (one,) = differences([step("update", oldState=None, newState=None, detailedDiff=None)])
    assert (one.field, one.declared, one.found) == ("update", "nothing", "nothing")


def run(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str = "", error: str = ""
) -> tuple[list[list[str]], EngineLook]:
    """Look at one resource while the engine answers as given; return its command and findings."""
    commands: list[list[str]] = []

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, code, out, error)

    monkeypatch.setattr(subprocess, "run", answer)
    chosen = Resource(urn=HOSTS, type="estate:npm:ProxyHosts", id="npm")
    return commands, by_engine.look(Engine("prod", environment={}), [chosen])


def test_only_what_nothing_else_covers_is_asked_for_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [step("update", diffReasons=["hosts"]), step("update", urn=OTHER, diffReasons=["x"])]
    (command,), seen = run(monkeypatch, 7, json.dumps({"steps": steps}))
    assert [one.resource for one in seen.found] == ["npm-hosts"]
    assert seen.unread == {}
    assert command[1] == "refresh"
    assert "--preview-only" in command
    assert command[command.index("--target") + 1] == HOSTS


def test_an_engine_that_could_not_look_is_no_drift_and_not_its_absence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(EngineError, match="no manager"):
        run(monkeypatch, 1, error="no manager answers")


def test_an_engine_with_nothing_to_look_at_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert by_engine.look(Engine("prod", environment={}), []) == EngineLook()


def test_what_its_provider_could_not_read_is_unknown_and_not_drift(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unread = step(
        "update",
        newState={"outputs": {"could_not_look": "NPM answers 502", "hosts": {}}},
        detailedDiff={"hosts": {"kind": "delete"}},
    )
    _, seen = run(monkeypatch, 7, json.dumps({"steps": [unread]}))
    assert (seen.found, seen.unread) == ([], {HOSTS: "NPM answers 502"})


def test_proxy_hosts_that_nobody_declared_are_told_although_nothing_else_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outputs = {"hosts": {}, "facts": {"ids": {}, "others": ["old.example.com www.example.com"]}}
    same = step("same", newState={"outputs": outputs})
    other = step("same", urn=OTHER, newState={"outputs": outputs})
    _, seen = run(monkeypatch, 0, json.dumps({"steps": [same, other]}))
    assert seen == EngineLook(found=[], others=[("proxy-host", "old.example.com www.example.com")])


def test_what_the_provider_keeps_for_itself_does_not_drift() -> None:
    old, new = {"facts": {"ids": {"a": 1}}}, {"facts": {"ids": {"a": 2}}}
    assert changed(old, new, "facts.ids.a", 'facts["others"]', "salt") == []
