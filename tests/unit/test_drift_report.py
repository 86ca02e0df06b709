"""What the drift check prints, and the code it ends with."""

import json

import pytest

from ops.drift.finding import Look, Severity, Unknown, sorted_findings
from ops.drift.report import as_json, as_text, exit_code
from tests.unit.drift_world import SECRET, TIME, Reality, changed

UNKNOWN = Unknown(what="host vps", why="ssh: timed out", resources=("web", "db"))


def drifted() -> Look:
    def act(one: Reality) -> None:
        one.container["Env"].append("DEBUG=" + "x" * 200)
        one.container["User"] = "root"
        one.records.clear()

    return changed(act).look()


def test_the_codes_tell_nothing_drift_and_unknown_apart() -> None:
    assert exit_code(Look()) == 0
    assert exit_code(drifted()) == 7
    assert exit_code(Look(unknown=(UNKNOWN,))) == 3
    # What is found where others are unknown may not be all there is.
    assert exit_code(Look(found=drifted().found, unknown=(UNKNOWN,))) == 3


def test_no_drift_is_one_line() -> None:
    assert as_text(Look(compared=5), "prod") == "no drift in stack prod\n"


def test_the_table_shows_what_is_there_in_full_the_worst_first_and_what_to_do() -> None:
    lines = as_text(drifted(), "prod").splitlines()
    assert lines[0] == "drift in stack prod: 2 critical, 1 warning"
    assert lines[1].split() == ["resource", "field", "declared", "found", "since"]
    assert [line.split()[0] for line in lines[2:5]] == ["warning", "critical", "critical"]
    assert "x" * 200 in lines[2]
    assert "2026-11-20 08:30" in lines[2]
    assert lines[5] == "next:"
    assert lines[6].startswith(
        "  sistema_web, tickets.example.com: make up STACK=prod puts it back"
    )


def test_what_is_unknown_is_said_with_what_was_not_compared() -> None:
    text = as_text(Look(unknown=(UNKNOWN,)), "prod")
    assert "unknown: host vps: ssh: timed out" in text
    assert "not compared: web, db" in text
    assert "no drift" not in text


def test_json_says_everything_that_the_table_says() -> None:
    told = json.loads(as_json(drifted(), "prod"))
    assert (told["stack"], told["result"], told["compared"]) == ("prod", "drift", 6)
    (user,) = [one for one in told["drift"] if one["field"].endswith("user")]
    assert user == {
        "resource": "sistema_web",
        "field": "taskSpec.containerSpec.user",
        "declared": "nothing",
        "found": '"root"',
        "since": TIME,
        "severity": "critical",
        "todo": "make up STACK=prod puts it back; to keep it, write it into the stack file",
    }
    assert told["unknown"] == []
    (gone,) = [one for one in told["drift"] if one["resource"] == "tickets.example.com"]
    assert gone["since"] is None


def test_json_tells_what_is_unknown() -> None:
    told = json.loads(as_json(Look(unknown=(UNKNOWN,)), "prod"))
    assert told["result"] == "unknown"
    assert told["unknown"] == [
        {"what": "host vps", "why": "ssh: timed out", "resources": ["web", "db"]}
    ]


def test_findings_of_one_resource_stay_together() -> None:
    found = drifted().found
    assert sorted_findings(reversed(found)) == found
    assert [one.severity for one in found if one.resource == "sistema_web"] == [
        Severity.WARNING,
        Severity.CRITICAL,
    ]


def test_a_host_that_does_not_answer_is_unknown_with_all_that_lies_on_it() -> None:
    seen = Reality(unknown={"host vps": f"refused, with {SECRET}"}).look()
    assert seen.found == ()
    (one,) = seen.unknown
    assert one.why == "refused, with ***"
    assert set(one.resources) == {
        *("sistema_internal", "sistema_db", "sistema_env_1", "sistema_conf", "sistema_web"),
    }
    assert seen.compared == 1


def test_a_zone_that_does_not_answer_is_unknown_and_the_rest_is_compared() -> None:
    made = changed(lambda one: one.container.update(User="root"))
    made.unknown = {"zone example.com": "HTTP 500"}
    seen = made.look()
    assert [one.resource for one in seen.found] == ["sistema_web"]
    assert [one.resources for one in seen.unknown] == [("tickets.example.com",)]


def test_a_manager_that_manages_no_swarm_any_more_is_drift_and_its_swarm_unknown() -> None:
    made = Reality(manages=False)
    made.info["Swarm"] = {"LocalNodeState": "inactive", "ControlAvailable": False}
    seen = made.look()
    assert {(one.resource, one.field) for one in seen.found} == {
        ("host:vps", "manager"),
        ("host:vps", "swarm"),
    }
    assert seen.unknown[0].what == "host vps"
    assert "does not manage a Swarm" in seen.unknown[0].why


def test_what_lies_on_a_host_that_the_settings_do_not_have_is_unknown() -> None:
    made = Reality()
    made.state["deployment"]["resources"][2]["provider"] = (
        "urn:pulumi:prod::estate::pulumi:providers:docker::old::0e4c"
    )
    (one,) = made.look().unknown
    assert (one.what, one.resources) == ("host old", ("sistema_db",))


@pytest.mark.parametrize(
    ("mark", "value"),
    [("delete", True), ("external", True), ("custom", False), ("type", "command:local:Command")],
)
def test_what_the_state_does_not_hold_as_deployed_is_not_compared(mark: str, value: object) -> None:
    made = Reality()
    made.state["deployment"]["resources"][6][mark] = value
    made.records.clear()
    assert made.found() == ()
