"""Thresholds of the health check, and what they are read from."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

import settings
from local.answering import Answering, serving
from ops import addresses, health
from ops.__main__ import main
from ops.errors import OpsError
from ops.finding import Level
from ops.health import findings, report
from ops.vital_signs import Signs, moment, used_memory
from tests.unit.stack_files import changed, raw

MIB, GIB = 2**20, 2**30
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
WELL = Signs(
    memory=395 * MIB,
    database=17 * MIB,
    oom_kills=0,
    shape_lines=0,
    free=0.4,
)


def test_the_numbers_of_a_healthy_day_raise_nothing() -> None:
    assert {one.level for one in findings(WELL)} == {Level.OK}
    assert report(list(findings(WELL)), "prod").endswith("\nno alert\n")


@pytest.mark.parametrize(
    ("change", "sign", "level"),
    [
        ({"memory": GIB}, "memory of Convex", Level.OK),
        ({"memory": GIB + 1}, "memory of Convex", Level.WATCH),
        ({"memory": 5 * GIB}, "memory of Convex", Level.WATCH),
        ({"memory": 5 * GIB + 1}, "memory of Convex", Level.ALERT),
        ({"memory": None}, "memory of Convex", Level.ALERT),
        ({"database": 50 * MIB}, "SQLite file of Convex", Level.OK),
        ({"database": 50 * MIB + 1}, "SQLite file of Convex", Level.WATCH),
        ({"database": 200 * MIB + 1}, "SQLite file of Convex", Level.ALERT),
        ({"database": None}, "SQLite file of Convex", Level.ALERT),
        ({"oom_kills": 1}, "out of memory, last 24 h", Level.ALERT),
        ({"shape_lines": 1}, "shape_inference, last 50 log lines", Level.ALERT),
        ({"free": 0.1}, "free disk of Docker", Level.OK),
        ({"free": 0.099}, "free disk of Docker", Level.ALERT),
    ],
)
def test_each_sign_has_its_threshold(change: dict[str, object], sign: str, level: Level) -> None:
    found = list(findings(replace(WELL, **change)))  # type: ignore[arg-type] # fields by name
    assert [one.sign for one in found if one.level is not Level.OK] == (
        [] if level is Level.OK else [sign]
    )
    assert {one.level for one in found if one.sign == sign} == {level}


def test_the_table_says_what_was_found_and_what_to_do() -> None:
    bad = replace(WELL, memory=19 * GIB, oom_kills=2)
    lines = report(list(findings(bad)), "prod").splitlines()
    assert lines[0] == "health of stack prod:"
    memory, kills = (line.split() for line in (lines[2], lines[4]))
    assert (memory[3:5], memory[-1]) == (["19", "GB"], "ALERT")
    assert (kills[-3], kills[-1]) == ("2", "ALERT")
    assert lines[-1] == "2 past its threshold: see docs/operate.md, Health"


@pytest.mark.parametrize(
    ("stats", "used"),
    [
        ({"cache": 6, "total_inactive_file": 3, "inactive_file": 1}, 97),
        ({"file": 6, "inactive_file": 4}, 96),
        ({}, 100),
    ],
)
def test_unused_page_cache_is_no_used_memory(stats: dict[str, int], used: int) -> None:
    assert used_memory({"memory_stats": {"usage": 100, "stats": stats}}) == used


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-22T14:00:00.123456789Z", 14),
        ("2026-11-22T14:00:00Z", 14),
        ("2026-11-22T11:00:00.123456789-03:00", 14),
        ("2026-11-22T16:00:00+02:00", 14),
    ],
)
def test_a_time_of_docker_is_read_whatever_its_decimals_and_offset(text: str, hour: int) -> None:
    assert moment(text).astimezone(UTC) == NOW.replace(hour=hour)


def test_a_stack_that_was_never_brought_up_is_neither_healthy_nor_sick() -> None:
    with pytest.raises(OpsError, match="never brought up") as caught:
        health.health("staging")
    assert caught.value.exit_code not in {0, health.EXIT_ALERT}


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, Level.OK), (403, Level.WATCH), (404, Level.ALERT), (503, Level.ALERT)],
)
def test_an_address_is_judged_by_what_it_answers(status: int, level: Level) -> None:
    class Handler(Answering):
        def do_GET(self) -> None:
            self.reply(HTTPStatus(status), {})

    with serving(Handler) as port:
        urls = {"erp-acme": f"http://acme.localhost:{port}/api/method/ping"}
        (found,) = addresses.findings(settings.Estate(), urls)
    assert (found.sign, found.found, found.level) == (
        "answer of erp-acme",
        f"HTTP {status}",
        level,
    )


def test_an_address_that_nobody_serves_is_an_alert_with_its_kind() -> None:
    with serving(Answering) as port:
        pass
    urls = {"crm": f"http://api.localhost:{port}/"}
    (found,) = addresses.findings(settings.Estate(), urls)
    assert (found.found, found.level) == ("ConnectError", Level.ALERT)


def given(monkeypatch: pytest.MonkeyPatch, socket: str) -> None:
    """Have the check meet a stack whose host is a socket of this machine."""
    estate = settings.load(raw(changed({"hosts.vps.url": f"unix://{socket}"})), "test")
    monkeypatch.setattr(health, "there", lambda stack: stack)
    monkeypatch.setattr(health, "estate_of", lambda _engine: estate)
    monkeypatch.setattr(health, "all_kept", lambda *_: {})
    monkeypatch.setattr(health, "urls_of", lambda _engine: {})


def test_a_host_that_cannot_be_reached_is_neither_healthy_nor_sick(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, "/nowhere/docker.sock")
    assert main(["health", "test"]) == 1
    printed = capsys.readouterr()
    assert "The Docker daemon does not answer." in printed.err
    assert "alert" not in printed.out


@pytest.mark.parametrize(("memory", "code"), [(GIB, 0), (2 * GIB, 0), (6 * GIB, 8)])
def test_only_an_alert_changes_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, memory: int, code: int
) -> None:
    given(monkeypatch, "/nowhere/docker.sock")
    monkeypatch.setattr(health, "connect", lambda *_: nullcontext())
    monkeypatch.setattr(health, "read_signs", lambda *_: replace(WELL, memory=memory))
    assert main(["health", "test"]) == code
