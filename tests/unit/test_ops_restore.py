"""An older copy under the same release: shown, asked, done; and what a kill leaves is noticed."""

import json
import os
import time
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from ops import republish as republishing
from ops import restore as subject
from ops import unfinished
from ops.applications import applications
from ops.errors import OpsError
from ops.plans import Deployed
from ops.restore import restore
from steps import convex_deploy, convex_env
from steps.context import Context
from steps.errors import ReleaseError
from steps.release.by_hand import Choice
from steps.release.journal import Attempt, Holder, Journal, holder
from steps.release.plan import Functions
from tests.unit.deployed import (
    SECRET,
    copy,
    deployed,
    engine,
    estate,
    journal,
    on_ground,
    record,
    secret_in_state,
    state,
    version,
)

MOST_PIDS = 2**22
"""One more than the largest number that Linux gives to a process."""

KEPT = (
    copy("database", "d1", "2026-11-21T10:00:00Z", tables={"users": 4}),
    copy("uploads", "u1", "2026-11-21T10:00:05Z"),
    copy("database", "d2", "2026-11-22T10:00:00Z", tables={"users": 9}),
)


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was done, in order."""
    done: list[object] = []

    def put(_on: object, chosen: Choice) -> tuple[SimpleNamespace, ...]:
        done.append(chosen)
        return (SimpleNamespace(describe=lambda: "database: d1 is back"),)

    monkeypatch.setattr(subject, "made", lambda _: engine())
    monkeypatch.setattr(subject, "chosen", lambda *_: deployed())
    monkeypatch.setattr(subject, "ground", on_ground(journal(record("c"), serving="c")))
    monkeypatch.setattr(subject, "catalog", lambda _: KEPT)
    monkeypatch.setattr(subject, "release_dead_lock", lambda _: done.append("lock"))
    monkeypatch.setattr(subject, "put_into_place", put)
    monkeypatch.setattr(subject, "republish", lambda _, app: done.append(f"republish {app}"))
    return done


def test_a_dry_run_shows_what_would_come_back(
    did: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert restore("prod", "crm", source="d1", dry=True, force=False) == 0
    said = capsys.readouterr().out
    assert f"release   stays {'c' * 12}" in said
    assert "database  from d1" in said
    assert "uploads   from u1" in said
    assert "lost      everything written since 2026-11-21T10:00:00Z" in said
    assert did == []


def test_the_chosen_copies_are_put_in_place_and_no_kept_one_may_go(
    did: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert restore("prod", "crm", source="d1", dry=False, force=True) == 0
    wanted = Choice(copies={"database": "d1", "uploads": "u1"}, keep=5)
    assert did == ["lock", wanted, "republish crm"]
    assert "database: d1 is back" in capsys.readouterr().out


def test_data_that_is_back_without_its_functions_is_no_success(
    did: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ReleaseError("convex deploy failed", why="no key", state="", todo="")

    monkeypatch.setattr(subject, "republish", refuse)
    with pytest.raises(OpsError, match=r"the data of crm are back(.|\n)*no key"):
        restore("prod", "crm", source="d1", dry=False, force=True)
    assert len(did) == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [(None, "no copy was named"), ("d7", "no proven copy d7"), ("d1", "needs a confirmation")],
)
def test_what_is_not_named_or_not_confirmed_does_nothing(
    did: list[object], monkeypatch: pytest.MonkeyPatch, source: str | None, message: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(OpsError, match=message):
        restore("prod", "crm", source=source, dry=False, force=False)
    assert did == []


def test_an_application_without_functions_in_its_data_publishes_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(republishing, "state_of", lambda _: {})
    monkeypatch.setattr(republishing, "read", lambda _: {"crm": deployed()})
    monkeypatch.setattr(convex_deploy, "run", lambda *_: pytest.fail("published"))
    republishing.republish(engine(), "crm")


def test_a_restored_convex_gets_its_variables_and_functions_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = {
        "docker": {"url": "unix:///var/run/docker.sock"},
        "service": "crm-backend",
        "instance_name": "sistema",
        "url": "http://convex.localhost",
    }
    runs = state(environment(target), environment({**target, "service": "another"}))
    functions = Functions.model_validate_json(
        json.dumps({
            **target,
            "kind": "functions",
            "name": "convex-deploy",
            "timeout_s": 60,
            "manager": target["docker"],
            "job": {"name": "sistema_convex-deploy", "image": "app", "command": ["true"]},
        })
    )
    convex, web = deployed(), deployed()
    phases = (functions, *web.plan.phases)
    web = Deployed(plan=web.plan.model_copy(update={"phases": phases}), secrets=web.secrets)
    did: list[object] = []
    monkeypatch.setattr(republishing, "state_of", lambda _: runs)
    monkeypatch.setattr(republishing, "read", lambda _: {"convex": convex, "web": web})
    monkeypatch.setattr(convex_env, "bring", lambda _, wanted, on: did.append(said(wanted, on)))
    monkeypatch.setattr(convex_deploy, "run", lambda _, on: did.append(("functions", on.secrets)))
    republishing.republish(engine(), "convex")
    assert did == [
        ("variables", {"TOKEN": SECRET, "OLD": None}, "***"),
        ("functions", {"hidden": [SECRET]}),
    ]


def environment(target: Mapping[str, object]) -> dict[str, object]:
    """Return the variables of a Convex deployment as the state has them."""
    variables = {"TOKEN": secret_in_state(SECRET)}
    inputs = {**target, "variables": variables, "absent": ["OLD"], "version": "1"}
    return {"type": "estate:convex:Environment", "inputs": inputs}


def said(wanted: object, on: Context) -> tuple[str, object, str]:
    return "variables", wanted, on.redactor.hide(SECRET)


def seen(**given: object) -> Holder:
    """Return this process as the holder of a release, but for what is given."""
    return holder().model_copy(update=given)


def attempt(letter: str, failed: str | None) -> Attempt:
    return Attempt(version=version(letter), mode="offline", started=0, by="me", failed=failed)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (attempt("c", None), False),
        (attempt("c", "(by hand)"), True),
        (attempt("a", None), True),
    ],
)
def test_only_the_release_that_the_stack_file_wants_goes_on(
    found: Attempt, *, expected: bool
) -> None:
    assert unfinished.is_in_the_way(found, version("c")) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"version": version("a")}, False),
        ({"failed": "switch"}, False),
        ({"writers": {"crm-backend": {}}}, False),
        # However long it takes until this test has its turn.
        ({"holder": seen(host="office", touched=time.time() + 3600)}, False),
        ({"holder": seen(host="office", touched=time.time() - 3600)}, True),
        ({"holder": seen(pid=os.getppid())}, False),
        # A process that has just ended; its last sign of life is fresh.
        ({"holder": seen(pid=MOST_PIDS)}, True),
    ],
)
def test_only_an_attempt_with_nothing_left_to_do_is_closed(
    given: dict[str, object], *, expected: bool
) -> None:
    found = attempt("c", None).model_copy(update=given)
    assert unfinished.is_idle(journal(record("c"), serving="c", attempt=found)) is expected
    assert not unfinished.is_idle(journal(record("c"), serving="c"))


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Applications whose open attempt was undone before an update."""
    done: list[str] = []
    open_in = {"crm": Journal(attempt=attempt("c", "(by hand)"))}
    known = {"crm": deployed()}
    monkeypatch.setattr(unfinished, "estate_of", lambda _: estate())
    monkeypatch.setattr(unfinished, "journal_of", lambda one: open_in.get(one.name, Journal()))
    monkeypatch.setattr(unfinished, "deployed", lambda _: known)
    monkeypatch.setattr(unfinished, "ground", on_ground(open_in["crm"]))
    monkeypatch.setattr(unfinished, "wait_for_holder", lambda *_: None)
    monkeypatch.setattr(unfinished, "settle", lambda on: done.append(on.plan.app))
    return done


def test_a_restore_that_was_killed_is_undone_before_an_update(settled: list[str]) -> None:
    unfinished.take_back_unfinished(engine())
    assert settled == ["crm"]


def test_a_way_back_that_fails_again_leaves_its_cure_to_the_update(
    settled: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise ReleaseError("it failed again", why="no login", state="unknown", todo="correct it")

    monkeypatch.setattr(unfinished, "settle", fail)
    unfinished.take_back_unfinished(engine())
    assert "no login" in capsys.readouterr().err
    assert settled == []


@pytest.mark.parametrize(("key", "letter"), [("crm", "c"), ("tickets", ""), ("tickets.convex", "")])
def test_what_the_stack_file_wants_is_known_of_each_application(key: str, letter: str) -> None:
    (application,) = (one for one in applications(estate()) if one.key == key)
    found = application.wanted
    assert found.release == (letter * 12 if letter else "a1" * 6)
