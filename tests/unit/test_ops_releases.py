"""What the journals tell a person, and a program."""

import json
import time

import pytest

from ops import releases
from steps.release.journal import Attempt, Holder, Journal, Result
from tests.unit.deployed import estate, journal, record, version


def attempt(**given: object) -> Attempt:
    known: dict[str, object] = {
        "version": version("b"),
        "mode": "offline",
        "started": time.time() - 300,
        "by": "ana@office",
        "done": ("backup",),
        "dirty": ("migrate",),
        "before": {"TaskTemplate": "of-the-old-one"},
    }
    return Attempt.model_validate({**known, **given})


def test_the_table_has_one_line_for_each_release_oldest_first() -> None:
    text = releases.as_text(
        {
            "sistema": journal(record("b", at="2026-11-22T17:00:00Z")),
            "crm": journal(
                record("a"), record("c", at="2026-11-22T18:00:00Z", result=Result.RESTORED)
            ),
        },
        "prod",
    )
    heading, *lines = text.splitlines()
    assert heading.split()[:4] == ["app", "when", "release", "image"]
    assert [line.split()[0] for line in lines] == ["crm", "sistema", "crm"]
    assert lines[0].split()[1:] == [
        *("2026-11-22T16:00:00Z", "a" * 12, "a" * 12, "released", "online", "31"),
        *("ana@office", "-"),
    ]


def test_a_failure_that_came_last_is_told_whole() -> None:
    failed = record(
        "b",
        result=Result.RECOVERED,
        step="migrate",
        why="it failed\nline 2",
        now="a serves",
        todo="mend it",
    )
    text = releases.as_text({"crm": journal(record("a"), failed)}, "prod")
    told = f"crm: the last one, {'b' * 12}, was recovered at migrate"
    assert text.split("\n\n")[1].splitlines() == [
        told,
        "why:    it failed",
        "        line 2",
        "now:    a serves",
        "do:     mend it",
    ]
    assert "now:" not in releases.as_text({"crm": journal(failed, record("a"))}, "prod")


def test_a_release_under_way_is_shown_with_its_phase_and_who_is_at_work() -> None:
    holder = Holder(user="ana", host="office", pid=7, touched=time.time())
    text = releases.under_way(attempt(holder=holder), "prod")
    assert "at migrate; done: backup; begun 5 min ago by ana@office" in text
    assert text.endswith("ana@office (pid 7) is at work on it")


@pytest.mark.parametrize(
    "holder", [None, Holder(user="ana", host="office", pid=7, touched=time.time() - 600)]
)
def test_a_release_that_nobody_is_at_work_on_says_what_to_do(holder: Holder | None) -> None:
    text = releases.under_way(attempt(holder=holder, failed="switch"), "prod")
    assert "going back after switch" in text
    assert text.endswith("nobody is at work on it: make up STACK=prod finishes it or takes it back")


def test_nothing_released_yet_is_no_error() -> None:
    assert releases.as_text({"crm": Journal()}, "prod") == "nothing was released on prod yet\n"


def test_a_program_gets_whole_records_without_the_specifications() -> None:
    found = json.loads(
        releases.as_data({"crm": journal(record("a"), serving="a", attempt=attempt())})
    )["crm"]
    assert found["serving"] == {"release": "a" * 12, "image": version("a").image}
    assert found["history"][0]["result"] == "released"
    assert found["under_way"]["done"] == ["backup"]
    assert "of-the-old-one" not in json.dumps(found)


def test_the_command_reads_every_journal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(releases, "made", lambda _: None)
    monkeypatch.setattr(releases, "estate_of", lambda _: estate())
    monkeypatch.setattr(releases, "journal_of", lambda _: journal(record("a"), serving="a"))
    assert releases.releases("prod", None, as_json=True) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["sistema", "sistema-convex", "crm"]
    assert releases.releases("prod", "crm", as_json=False) == 0
    assert capsys.readouterr().out.count("released") == 1
