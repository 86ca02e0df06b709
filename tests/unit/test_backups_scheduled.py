"""Copies by the clock: when they are due, whom they ask, and what stays written down."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from local.images.tools.cron import parse_schedule
from steps.scripts import backup_main, records, scheduled
from steps.scripts.records import RefusedError
from steps.scripts.scheduled import Copies, due

if TYPE_CHECKING:
    from pathlib import Path

DAILY = parse_schedule("17 3 * * *").matches


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        ("2026-11-28 03:17:05", "2026-11-29 03:16:59", False),
        ("2026-11-28 03:17:05", "2026-11-29 03:17:00", True),
        ("2026-11-29 03:17:00", "2026-11-29 03:17:14", False),
        # The machine was off at the minute; and for so long that nobody can tell.
        ("2026-11-28 03:17:05", "2026-11-29 09:00:00", True),
        ("2026-10-01 03:17:05", "2026-11-29 09:00:00", True),
        # The service has only just begun.
        ("2026-11-29 08:59:00", "2026-11-29 09:00:00", False),
    ],
)
def test_a_run_is_due_once_for_each_minute_of_the_schedule(
    last: str, now: str, *, expected: bool
) -> None:
    assert due(DAILY, moment(last), moment(now)) is expected


def plan(root: Path, **other: object) -> dict[str, Any]:
    source = {"kind": "sqlite", "name": "web", "place": "/sources/web/db.sqlite", "file": None}
    database = {"kind": "postgres", "name": "database", "place": "/sources/database", "file": None}
    return {
        "root": str(root),
        "keep": 5,
        "limit_s": 5,
        "sources": [source, database],
        "asked": ["database"],
        "offsite": {"repository": "s3:http://store/bucket/crm"},
        **other,
    }


class Ran:
    """Stands in for the program that carries out plans; keeps what it was told."""

    def __init__(self, root: Path, **answers: dict[str, Any]) -> None:
        self.root = root
        self.told: list[dict[str, Any]] = []
        self.answers = answers

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        self.told.append(told)
        if told["action"] == "take":
            catalog = [{"created": records.now()}]
            records.write_json(self.root / "catalog.json", catalog)
        elif "offsite-push" not in self.answers:
            records.write_json(self.root / "offsite.json", {"newest": records.now()})
        return self.answers.get(told["action"], {"copies": [{"bytes": 7}], "bytes": 9})

    @property
    def actions(self) -> list[str]:
        return [told["action"] for told in self.told]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "ask", lambda *_: "20261129T031700Z-scheduled.dump")


def begun(monkeypatch: pytest.MonkeyPatch, root: Path, ran: Ran, **other: object) -> Copies:
    monkeypatch.setattr(backup_main, "run", ran)
    return Copies(plan(root, **other), lambda _minute: True)


LATER = datetime.now(UTC) + timedelta(minutes=2)


@pytest.mark.usefixtures("answered")
def test_a_copy_is_made_and_brought_off_the_machine_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = Ran(tmp_path)
    begun(monkeypatch, tmp_path, ran).tick(LATER)
    assert ran.actions == ["take", "offsite-push"]
    assert ran.told[0]["release"] == "scheduled"
    assert [one["file"] for one in ran.told[0]["sources"]] == [
        None,
        "20261129T031700Z-scheduled.dump",
    ]
    written = scheduled.runs(tmp_path)
    assert (written["copies"]["last"]["ok"], written["copies"]["last"]["bytes"]) == (True, 7)
    assert (written["offsite"]["last"]["ok"], written["offsite"]["last"]["bytes"]) == (True, 9)


@pytest.mark.usefixtures("answered")
def test_a_failure_is_written_down_beside_the_last_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(monkeypatch, tmp_path, Ran(tmp_path), offsite=None).tick(LATER)
    good = scheduled.runs(tmp_path)["copies"]["success"]
    refusal = {"error": {"source": "web", "code": "disk full", "why": "no room"}}
    begun(monkeypatch, tmp_path, Ran(tmp_path, take=refusal), offsite=None).tick(
        LATER + timedelta(days=1)
    )
    written = scheduled.runs(tmp_path)["copies"]
    assert (written["last"]["ok"], written["last"]["why"]) == (False, "web: no room")
    assert written["success"] == good
    assert '"ok": false' in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.usefixtures("answered")
def test_what_a_release_has_copied_goes_off_the_machine_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = Ran(tmp_path)
    copies = begun(monkeypatch, tmp_path, ran)
    records.write_json(tmp_path / "catalog.json", [{"created": "2026-11-29T03:17:00Z"}])
    copies.tick(datetime.now(UTC) - timedelta(minutes=2))
    assert ran.actions == ["offsite-push"]
    copies.tick(datetime.now(UTC) - timedelta(minutes=2))
    assert ran.actions == ["offsite-push"]


@pytest.mark.usefixtures("answered")
def test_a_store_that_refuses_is_asked_again_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"error": {"source": "", "code": "unreachable store", "why": "no route"}}
    ran = Ran(tmp_path, **{"offsite-push": refusal})
    copies = begun(monkeypatch, tmp_path, ran)
    records.write_json(tmp_path / "catalog.json", [{"created": "2026-11-29T03:17:00Z"}])
    start = datetime.now(UTC) - timedelta(hours=3)
    for minutes in (0, 1, 59, 60):
        copies.tick(start + timedelta(minutes=minutes))
    assert ran.actions == ["offsite-push", "offsite-push"]
    assert scheduled.runs(tmp_path)["offsite"]["last"]["why"] == "no route"


def test_a_request_is_answered_by_its_own_answer(tmp_path: Path) -> None:
    folder = tmp_path / ".asked"
    folder.mkdir()
    (folder / "database.answer.old").write_text('ESTATE {"state": "proven", "file": "old"}')

    def answer() -> None:
        wish = folder / "database.ask"
        while not wish.is_file():
            pass
        text = 'noise\nESTATE {"state": "proven", "file": "new.dump"}\n'
        partial = folder / "partial"
        partial.write_text(text)
        partial.replace(folder / f"database.answer.{wish.read_text()}")

    answering = threading.Thread(target=answer)
    answering.start()
    assert scheduled.ask(tmp_path, "database", 30) == "new.dump"
    answering.join()
    assert [path.name for path in folder.iterdir()] == ["database.ask"]


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        scheduled.ask(tmp_path, "database", 0)
    assert (refused.value.code, refused.value.source) == ("timeout", "database")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('ESTATE {"error": {"source": "d", "code": "password", "why": "no"}}', "password"),
        ("bash: line 1: pg_dump: not found", "died"),
    ],
)
def test_an_answer_without_a_copy_is_a_failure(said: str, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        scheduled.file_in("database", said)
    assert refused.value.code == code


def test_a_source_that_is_still_empty_is_left_out() -> None:
    assert scheduled.file_in("database", 'ESTATE {"state": "absent"}') is None


def test_copies_by_the_clock_do_not_push_out_those_of_releases(tmp_path: Path) -> None:
    for day in range(1, 5):
        for release in ("r1", "scheduled"):
            file = tmp_path / f"{day}-{release}.sqlite"
            file.write_text("x")
            known = {"file": file.name, "created": f"2026-11-0{day}", "release": release}
            manifest = json.dumps({"kind": "sqlite", "tables": {}, **known})
            records.manifest_of(file).write_text(manifest)
    assert [one["file"] for one in records.superseded(tmp_path, 2)] == [
        "1-scheduled.sqlite",
        "2-scheduled.sqlite",
        "1-r1.sqlite",
        "2-r1.sqlite",
    ]
