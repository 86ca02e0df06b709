"""What the drift check makes of the engine's answer."""

from typing import Any

import pytest

from ops.drift import Drift, differences, report

URN = "urn:pulumi:prod::estate::estate:apps:Tickets$docker:index/service:Service::sistema_web"


def step(op: str, **given: object) -> dict[str, Any]:
    return {"op": op, "urn": URN, **given}


def changed(old: object, new: object, *fields: str) -> list[tuple[str, str, str]]:
    """Field, declared and found of one updated resource."""
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
    provider = "urn:pulumi:prod::estate::pulumi:providers:docker::vps"
    assert list(differences([{"op": "update", "urn": provider}])) == []


def test_a_field_is_named_with_what_was_declared_and_what_is_there() -> None:
    old = {"a": {"b": [{"c": 1}]}}
    new = {"a": {"b": [{"c": 2}]}}
    assert changed(old, new, "a.b[0].c") == [("a.b[0].c", "1", "2")]


def test_a_key_with_dots_is_one_part_of_a_path() -> None:
    old, new = {"labels": {"traefik.enable": "true"}}, {"labels": {"other": ""}}
    assert changed(old, new, 'labels["traefik.enable"]') == [
        ('labels["traefik.enable"]', '"true"', "nothing")
    ]


def test_a_field_behind_such_a_key_is_found_too() -> None:
    old, new = {"a": {"x.y": {"b": 1}}}, {"a": {"x.y": {"b": 2}}}
    assert changed(old, new, 'a["x.y"].b') == [('a["x.y"].b', "1", "2")]


def test_an_added_element_is_shown_although_docker_put_it_first() -> None:
    old, new = {"mounts": ["/data", "/archives"]}, {"mounts": ["/data", "/hand", "/archives"]}
    assert changed(old, new, "mounts[1]") == [("mounts[1]", "nothing", '"/hand"')]


def test_a_removed_element_is_shown_although_others_moved_up() -> None:
    old, new = {"secrets": ["env", "token"]}, {"secrets": ["token"]}
    assert changed(old, new, "secrets[0]") == [("secrets[0]", '"env"', "nothing")]


def test_each_changed_element_of_a_list_is_shown_by_itself() -> None:
    old, new = {"args": ["--a=1", "--b=1"]}, {"args": ["--a=2", "--b=2"]}
    assert changed(old, new, "args[0]", "args[1]") == [
        ("args[0]", '"--a=1"', '"--a=2"'),
        ("args[1]", '"--b=1"', '"--b=2"'),
    ]


def test_a_resource_that_is_gone_has_no_field_and_keeps_its_id() -> None:
    (one,) = differences([step("delete", oldState={"id": "abc"})])
    assert (one.resource, one.field, one.gone, one.id) == ("sistema_web", "", True, "abc")
    assert one.type == "docker:index/service:Service"


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


def test_the_report_shows_what_is_there_in_full_and_says_what_to_do() -> None:
    long = "x" * 200
    text = report([Drift("web", "image", "y" * 200, long), Drift("cron", "", "there", "gone")], "p")
    assert long in text
    assert "y" * 200 not in text
    assert "cron      -" in text
    assert "make up STACK=p" in text.splitlines()[-1]
