"""SQLite copies when something is wrong with the disk, the copy, or what a crash has left."""

from __future__ import annotations

import errno
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from steps.scripts import backup_main, records, sqlite_copy

if TYPE_CHECKING:
    from pathlib import Path


def database(file: Path, rows: int) -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=delete")
    connection.execute("CREATE TABLE users(id, name)")
    connection.executemany("INSERT INTO users VALUES (?, ?)", [(n, f"n{n}") for n in range(rows)])
    connection.commit()
    return connection


def test_an_empty_copy_of_a_full_source_is_refused(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "copy.sqlite").close()
    seen = sqlite_copy.Contents({"users": 3}, "x")
    with pytest.raises(records.RefusedError, match="users: 3 rows, copy none"):
        sqlite_copy.prove(tmp_path / "copy.sqlite", seen)


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path) -> None:
    small = sqlite3.connect(tmp_path / "small.sqlite")
    small.execute("PRAGMA max_page_count = 2")
    small.execute("CREATE TABLE t(x)")
    with pytest.raises(sqlite3.OperationalError) as full:
        small.execute("INSERT INTO t VALUES (zeroblob(100000))")
    small.close()
    assert sqlite_copy.explain(full.value).code == "disk full"
    assert sqlite_copy.explain(OSError(errno.ENOSPC, "No space left")).code == "disk full"
    assert sqlite_copy.explain(OSError(errno.EACCES, "Permission denied")).code == "failed"


def test_a_copy_that_cannot_fit_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(records.RefusedError, match="disk full: 1000000000000000000 bytes"):
        records.ask_for_space(tmp_path, 10**18)
    database(tmp_path / "db.sqlite", 3).close()
    monkeypatch.setattr(records, "SPARE", 1e18)
    with pytest.raises(records.RefusedError, match="disk full"):
        sqlite_copy.take(tmp_path / "web", tmp_path / "db.sqlite", "r1")
    assert list((tmp_path / "web").iterdir()) == []


def test_a_journal_that_a_crash_left_is_played_back_before_the_copy(tmp_path: Path) -> None:
    live = database(tmp_path / "live.sqlite", 200)
    live.execute("PRAGMA cache_size = 1")
    live.execute("BEGIN IMMEDIATE")
    live.execute("UPDATE users SET name = name || 'x' || hex(zeroblob(2000))")
    for suffix in ("", "-journal"):  # what is on disk in the middle of a transaction
        content = (tmp_path / f"live.sqlite{suffix}").read_bytes()
        (tmp_path / f"db.sqlite{suffix}").write_bytes(content)
    live.rollback()
    live.close()
    copy = sqlite_copy.take(tmp_path / "web", tmp_path / "db.sqlite", "r1")
    assert copy is not None
    assert copy["tables"] == {"users": 200}
    with sqlite3.connect(tmp_path / "db.sqlite") as after:
        assert after.execute("SELECT count(*) FROM users WHERE name LIKE '%x%'").fetchone() == (0,)
    after.close()


def test_the_result_is_one_marked_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"action": "take", "root": str(tmp_path), "keep": 1, "release": "r", "sources": []}
    assert backup_main.main(["", json.dumps(plan)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ESTATE ")
    assert json.loads(line.removeprefix("ESTATE "))["copies"] == []
