"""The cron service's schedules, one call of a URL, and its loop without a clock."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from local.answering import Answering, serving
from local.images.tools import cron

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "c0de" * 8


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "matching", "other"),
    [
        ("* * * * *", "2026-11-22 13:01", None),
        ("*/30 * * * *", "2026-11-22 13:30", "2026-11-22 13:31"),
        ("5,35 * * * *", "2026-11-22 13:35", "2026-11-22 13:30"),
        ("0 8-18/2 * * *", "2026-11-22 10:00", "2026-11-22 11:00"),
        ("50/5 * * * *", "2026-11-22 10:55", "2026-11-22 10:45"),
        ("0 0 1 * *", "2026-12-01 00:00", "2026-12-02 00:00"),
        ("0 0 * 2 *", "2026-02-03 00:00", "2026-03-03 00:00"),
        # 22 November 2026 is a Sunday, which is both 0 and 7.
        ("0 0 * * 0", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("0 0 * * 7", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("0 0 * * 1-5", "2026-11-23 00:00", "2026-11-22 00:00"),
        # Both day fields given: one of them is enough.
        ("0 0 1 * 0", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("0 0 1 * 0", "2026-12-01 00:00", "2026-12-02 00:00"),
        # A star with a step counts as a star: both have to fit.
        ("0 0 */2 * 0", "2026-11-29 00:00", "2026-11-22 00:00"),
    ],
)
def test_a_schedule_names_its_minutes(schedule: str, matching: str, other: str | None) -> None:
    parsed = cron.parse_schedule(schedule)
    assert parsed.matches(moment(matching))
    assert other is None or not parsed.matches(moment(other))


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("* * * *", "needs 5 fields"),
        ("@daily", "needs 5 fields"),
        ("60 * * * *", "minute field '60'"),
        ("* 24 * * *", "hour field '24'"),
        ("* * 0 * *", "day field '0'"),
        ("* * * 13 *", "month field '13'"),
        ("* * * * 8", "weekday field '8'"),
        ("*/0 * * * *", "minute field '*/0'"),
        ("9-3 * * * *", "minute field '9-3'"),
        ("a * * * *", "minute field 'a'"),
        ("1, * * * *", "minute field '1,'"),
        ("*-5 * * * *", "minute field '*-5'"),
        ("-1 * * * *", "minute field '-1'"),
    ],
)
def test_a_wrong_schedule_says_which_field(schedule: str, reason: str) -> None:
    with pytest.raises(ValueError, match="needs") as refusal:
        cron.parse_schedule(schedule)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "schedule": "* * * * *"}]',
        '[{"name": "a", "schedule": "* * * * *", "url": "file:///etc/passwd"}]',
        '["a"]',
        "not json",
    ],
)
def test_jobs_that_could_not_run_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are those of the schedule tests
        cron.read_jobs(text)


class _Handler(Answering):
    """Answers 200 to the right header; /elsewhere redirects, /slow waits for the test."""

    release = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.release.wait(10)
        right = self.headers["x-cron-secret"] == SECRET
        self.reply(302 if self.path == "/elsewhere" else 200 if right else 401, {}, Location="/")


@contextmanager
def serve() -> Iterator[str]:
    with serving(_Handler) as port:
        yield f"http://127.0.0.1:{port}"


def job(url: str, name: str = "chat") -> cron.Job:
    return cron.Job(name=name, schedule=cron.parse_schedule("* * * * *"), url=url)


def test_a_run_tells_status_and_success_and_never_the_secret() -> None:
    with serve() as url:
        good = cron.call(job(url), header="x-cron-secret", secret=SECRET)
        refused = cron.call(job(url), header="x-cron-secret", secret="wrong")
        moved = cron.call(job(f"{url}/elsewhere"), header="x-cron-secret", secret=SECRET)
    unreachable = cron.call(job(url), header="x-cron-secret", secret=SECRET)
    assert (good["status"], good["ok"]) == (200, True)
    assert (refused["status"], refused["ok"]) == (401, False)
    assert (moved["status"], moved["ok"]) == (302, False)
    assert (unreachable["status"], unreachable["ok"]) == (0, False)
    assert SECRET not in json.dumps([good, refused, moved, unreachable])


def test_a_job_never_overlaps_itself_and_failures_are_loud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cron, "STATE", tmp_path / "cron.json")
    _Handler.release.clear()
    now = moment("2026-11-22 13:01")
    with serve() as url:
        loop = cron.Cron([job(f"{url}/slow", "slow")], header="x-cron-secret", secret=SECRET)
        loop.tick(now)
        loop.tick(now)
        _Handler.release.set()
        loop.stop.set()
        loop.run()
    said = capsys.readouterr()
    runs = [json.loads(line) for line in said.out.splitlines()]
    assert [run["ok"] for run in runs] == [False, True]
    assert "cron: slow FAILED: the run before has not ended" in said.err
    state = json.loads((tmp_path / "cron.json").read_text())
    assert state["jobs"]["slow"]["status"] == 200


def test_a_loop_that_stopped_coming_round_is_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cron, "STATE", tmp_path / "cron.json")
    assert not cron.is_healthy(1000), "no file yet"
    (tmp_path / "cron.json").write_text('{"tick": 1000, "jobs": {}}')
    assert cron.is_healthy(1179)
    assert not cron.is_healthy(1181)
