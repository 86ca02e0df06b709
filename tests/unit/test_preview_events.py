"""What the engine streams is read as what an update would touch."""

import json

from ops.preview.events import LATER, read
from ops.preview.events import SECRET as MASKED
from ops.preview.fields import Field, fields
from tests.unit.previewed import COMMAND, RECORD, SECRET, SERVICE, VOLUME, event, said, service

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def test_a_replacement_is_one_change() -> None:
    old, new = {"triggers": ["one"]}, {"triggers": ["two"]}
    lines = [
        event(op, COMMAND, "crm-backup", old=old, new=new, diff=["triggers"])
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    (change,) = read(lines).changes
    assert (change.op, change.name, change.kind) == ("replace", "crm-backup", "Command")
    assert fields(change) == [Field(path="triggers", old='["one"]', new='["two"]')]


def test_what_stays_is_counted_and_components_are_not_changes() -> None:
    component = json.loads(event("create", "estate:apps:Crm", "crm"))
    component["resourcePreEvent"]["metadata"]["new"].pop("custom")
    found = read([event("same", SERVICE, "web"), json.dumps(component)])
    assert (found.unchanged, found.changes) == (1, ())


def test_a_provider_counts_only_when_it_changes() -> None:
    of = "pulumi:providers:docker"
    lines = [
        event("create", of, "new"),
        event("delete", of, "old"),
        event("update", of, "vps", old={"host": "a", "__internal": {}}, new={"host": "b"}),
    ]
    (change,) = read(lines).changes
    assert fields(change) == [Field(path="host", old='"a"', new='"b"')]


def test_secrets_and_unknown_values_are_words() -> None:
    new = {"data": SECRET, "taskSpec": {"networks": [{"id": UNKNOWN}]}}
    (change,) = read([event("create", SERVICE, "web", new=new)]).changes
    assert change.new == {"data": MASKED, "taskSpec": {"networks": [{"id": LATER}]}}


def test_messages_are_sorted_by_what_they_are() -> None:
    found = read(
        [
            "Warning: not an event",
            said("debug", "registering"),
            said("warning", "using pulumi-analyzer-policy-estate from $PATH at policy"),
            said("warning", "placeholders: a, b"),
            said("warning", "placeholders: a, b"),
            said("error", "the stack file needs corrections"),
            said("error", "an unhandled error occurred: program exited with non-zero exit code: 1"),
            said("error", "preview failed"),
        ],
        code=255,
    )
    assert found.warnings == ("placeholders: a, b",)
    assert found.errors == ("the stack file needs corrections",)
    assert found.code == 255


def test_a_violation_is_read_without_the_rules_description() -> None:
    policy = {
        "resourceUrn": f"urn:pulumi:prod::estate::{SERVICE}::web",
        "message": "Every image is named by its digest\nimage web:latest has no digest. Write it\n",
        "policyName": "image-by-digest",
        "enforcementLevel": "mandatory",
    }
    (one,) = read([json.dumps({"policyEvent": policy})] * 2, code=1).violations
    assert (one.rule, one.resource, one.mandatory) == ("image-by-digest", "web", True)
    assert one.text == "image web:latest has no digest. Write it"


def test_protection_is_read_from_what_is_deployed() -> None:
    (one,) = read([event("delete", VOLUME, "db", old={}, protect=True, retain=True)]).changes
    assert (one.protected, one.kept) == (True, True)


def test_the_order_is_the_same_whichever_came_first() -> None:
    steps = [event("replace", COMMAND, name) for name in ("z-backup", "a-switch")]
    others = [event("create", RECORD, "b-A"), event("create", SERVICE, "web")]
    one, other = read([*others, *steps]), read([*steps, *reversed(others)])
    assert one.changes == other.changes
    assert [change.name for change in one.changes] == ["z-backup", "a-switch", "web", "b-A"]


def test_texts_that_hold_json_are_opened() -> None:
    old = {"environment": {"STEP_INPUT": json.dumps({"verify": {"urls": [{"url": "a"}]}})}}
    new = {"environment": {"STEP_INPUT": json.dumps({"verify": {"urls": [{"url": "b"}]}})}}
    (change,) = read([event("update", COMMAND, "step", old=old, new=new)]).changes
    path = "environment.STEP_INPUT.verify.urls[0].url"
    assert fields(change) == [Field(path=path, old='"a"', new='"b"')]


def test_labels_are_compared_by_name() -> None:
    old = service("web", labels={"a.b": "1", "c": "2"})
    new = service("web", labels={"c": "2", "a.b": "3"})
    (change,) = read([event("update", SERVICE, "web", old=old, new=new)]).changes
    assert fields(change) == [Field(path='labels["a.b"]', old='"1"', new='"3"')]


def test_what_was_changed_by_hand_is_told_by_what_was_seen() -> None:
    same = {"replicas": 1, "env": {}}
    line = event(
        "update", SERVICE, "web", old=same, new=same, seen={"env": {"X": "1"}}, diff=['env["X"]']
    )
    assert fields(read([line]).changes[0]) == [Field(path="env.X", old='"1"', new=None)]


def test_a_stack_that_has_nothing_is_known() -> None:
    assert read([event("create", SERVICE, "web")]).is_first
    assert not read([event("create", SERVICE, "web"), event("same", SERVICE, "db")]).is_first
    assert not read([]).is_first
