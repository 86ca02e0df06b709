from __future__ import annotations

import errno
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from steps.scripts import sqlite_backup as script

if TYPE_CHECKING:
    from pathlib import Path


def database(file: Path, rows: int = 3, *, journal: str = "wal") -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE users(id, name)")
    connection.executemany("INSERT INTO users VALUES (?, ?)", [(n, f"n{n}") for n in range(rows)])
    connection.execute('CREATE TABLE "odd ""name"""(x)')
    connection.commit()
    return connection


def run(tmp_path: Path, release: str = "r1", keep: int = 3) -> dict[str, Any]:
    root = tmp_path / "backups"
    root.mkdir(exist_ok=True)
    databases = [{"name": "web", "file": str(tmp_path / "db.sqlite")}]
    return script.run({"root": str(root), "keep": keep, "release": release, "databases": databases})


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "backups" / "web").iterdir())


def test_a_copy_of_an_open_database_has_a_manifest_and_a_place_in_the_catalog(
    tmp_path: Path,
) -> None:
    live = database(tmp_path / "db.sqlite")
    (result,) = run(tmp_path)["databases"]
    assert (result["tables"], result["rows"]) == (2, 3)
    manifest = json.loads((tmp_path / "backups/web" / (result["file"] + ".json")).read_text())
    assert manifest["tables"] == {"users": 3, 'odd "name"': 0}
    catalog = json.loads((tmp_path / "backups/catalog.json").read_text())
    assert [one["file"] for one in catalog["web"]] == [result["file"]]
    assert names(tmp_path) == [result["file"], result["file"] + ".json"]
    live.close()


def test_what_a_writer_has_not_committed_is_not_in_the_copy(tmp_path: Path) -> None:
    live = database(tmp_path / "db.sqlite")
    live.execute("INSERT INTO users VALUES (9, 'open')")
    assert run(tmp_path)["databases"][0]["rows"] == 3
    live.close()


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    results = [run(tmp_path, f"r{number}", keep=2)["databases"][0] for number in range(4)]
    kept = [name for name in names(tmp_path) if name.endswith(".sqlite")]
    assert [name.split("-")[1] for name in kept] == ["r2.sqlite", "r3.sqlite"]
    assert results[-1]["pruned"] == [results[1]["file"]]


def test_the_newest_copy_stays_whatever_is_asked(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    result = run(tmp_path)["databases"][0]
    script.prune(tmp_path / "backups" / "web", 0)
    assert result["file"] in names(tmp_path)


def test_a_damaged_source_gives_no_copy_and_prunes_nothing(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite", 2000, journal="delete").close()
    before = run(tmp_path, keep=1)["databases"][0]["file"]
    content = bytearray((tmp_path / "db.sqlite").read_bytes())
    content[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
    (tmp_path / "db.sqlite").write_bytes(content)
    error = run(tmp_path, "r2", keep=1)["error"]
    assert error["database"] == "web"
    assert error["code"] in {"damaged", "failed"}
    assert names(tmp_path) == [before, before + ".json"]


def test_a_copy_that_lost_rows_or_tables_is_refused(tmp_path: Path) -> None:
    database(tmp_path / "copy.sqlite", 2, journal="delete").close()
    seen = script.Contents({"users": 3, 'odd "name"': 0, "gone": 1}, "x")
    with pytest.raises(
        script.RefusedError, match=r"gone: 1 rows, copy none; users: 3 rows, copy 2"
    ):
        script.prove(tmp_path / "copy.sqlite", seen)


def test_an_empty_copy_of_a_full_source_is_refused(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "copy.sqlite").close()
    with pytest.raises(script.RefusedError, match="users: 3 rows, copy none"):
        script.prove(tmp_path / "copy.sqlite", script.Contents({"users": 3}, "x"))


def test_another_schema_with_equal_rows_is_refused(tmp_path: Path) -> None:
    database(tmp_path / "copy.sqlite", journal="delete").close()
    seen = script.Contents({"users": 3, 'odd "name"': 0}, "another checksum")
    with pytest.raises(script.RefusedError, match="schema"):
        script.prove(tmp_path / "copy.sqlite", seen)


def test_what_a_kill_left_is_cleared_and_counts_for_nothing(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    folder = tmp_path / "backups" / "web"
    folder.mkdir(parents=True)
    (folder / "20200101T000000Z-r0.sqlite.partial").write_bytes(b"half")
    (folder / "20200101T000000Z-r0.sqlite.json").write_text(
        '{"file": "20200101T000000Z-r0.sqlite"}'
    )
    result = run(tmp_path)["databases"][0]
    assert names(tmp_path) == [result["file"], result["file"] + ".json"]


def test_a_missing_database_is_absent_at_first_and_an_error_later(tmp_path: Path) -> None:
    assert run(tmp_path)["databases"][0]["state"] == "absent"
    database(tmp_path / "db.sqlite").close()
    run(tmp_path)
    for path in tmp_path.glob("db.sqlite*"):
        path.unlink()
    error = run(tmp_path)["error"]
    assert error["code"] == "missing"
    assert "1 proven copies" in error["why"]


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path) -> None:
    small = sqlite3.connect(tmp_path / "small.sqlite")
    small.execute("PRAGMA max_page_count = 2")
    small.execute("CREATE TABLE t(x)")
    with pytest.raises(sqlite3.OperationalError) as full:
        small.execute("INSERT INTO t VALUES (zeroblob(100000))")
    small.close()
    assert script.explain(full.value).code == "disk full"
    assert script.explain(OSError(errno.ENOSPC, "No space left on device")).code == "disk full"
    assert script.explain(OSError(errno.EACCES, "Permission denied")).code == "failed"


def test_a_copy_that_cannot_fit_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(script.RefusedError, match="disk full: the copy needs"):
        script.ask_for_space(tmp_path, 10**18)


def test_the_result_is_one_marked_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"root": str(tmp_path), "keep": 1, "release": "r", "databases": []}
    assert script.main(["", json.dumps(plan)]) == 0
    assert capsys.readouterr().out == 'ESTATE {"databases": []}\n'


def test_a_journal_that_a_crash_left_is_played_back_before_the_copy(tmp_path: Path) -> None:
    live = database(tmp_path / "live.sqlite", 200, journal="delete")
    live.execute("PRAGMA cache_size = 1")
    live.execute("BEGIN IMMEDIATE")
    live.execute("UPDATE users SET name = name || 'x' || hex(zeroblob(2000))")
    for suffix in ("", "-journal"):  # what is on disk in the middle of a transaction
        content = (tmp_path / f"live.sqlite{suffix}").read_bytes()
        (tmp_path / f"db.sqlite{suffix}").write_bytes(content)
    live.rollback()
    live.close()
    assert run(tmp_path)["databases"][0]["rows"] == 200
    with sqlite3.connect(tmp_path / "db.sqlite") as after:
        assert after.execute("SELECT count(*) FROM users WHERE name LIKE '%x%'").fetchone() == (0,)
    after.close()
