from __future__ import annotations

import errno
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from steps.scripts import backup_main, records, sqlite_copy, sqlite_restore


def database(file: Path, rows: int = 3, *, journal: str = "wal") -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE users(id, name)")
    connection.executemany("INSERT INTO users VALUES (?, ?)", [(n, f"n{n}") for n in range(rows)])
    connection.execute('CREATE TABLE "odd ""name"""(x)')
    connection.commit()
    return connection


def run(
    tmp_path: Path,
    release: str = "r1",
    keep: int = 3,
    action: str = "take",
    **other: Any,  # noqa: ANN401 - JSON
) -> dict[str, Any]:
    root = tmp_path / "backups"
    root.mkdir(exist_ok=True)
    source = {"kind": "sqlite", "name": "web", "place": str(tmp_path / "db.sqlite"), "file": None}
    plan = {"root": str(root), "keep": keep, "release": release, "action": action}
    return backup_main.run({**plan, "sources": [{**source, **other}]})


def take(tmp_path: Path, release: str = "r1", keep: int = 3) -> dict[str, Any]:
    (copy,) = run(tmp_path, release, keep)["copies"]
    return dict(copy)


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "backups" / "web").iterdir())


def rows(file: Path) -> int:
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    (count,) = connection.execute("SELECT count(*) FROM users").fetchone()
    connection.close()
    return int(count)


def test_a_copy_of_an_open_database_has_a_manifest_and_a_place_in_the_catalog(
    tmp_path: Path,
) -> None:
    live = database(tmp_path / "db.sqlite")
    copy = take(tmp_path)
    assert copy["tables"] == {"users": 3, 'odd "name"': 0}
    manifest = json.loads((tmp_path / "backups/web" / (copy["file"] + ".json")).read_text())
    assert (manifest["tables"], manifest["journal"]) == (copy["tables"], "wal")
    assert json.loads((tmp_path / "backups/catalog.json").read_text()) == [copy]
    assert names(tmp_path) == [copy["file"], copy["file"] + ".json"]
    live.close()


def test_what_a_writer_has_not_committed_is_not_in_the_copy(tmp_path: Path) -> None:
    live = database(tmp_path / "db.sqlite")
    live.execute("INSERT INTO users VALUES (9, 'open')")
    assert take(tmp_path)["tables"]["users"] == 3
    live.close()


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    made = [take(tmp_path, f"r{number}", keep=2)["file"] for number in range(4)]
    assert [name for name in names(tmp_path) if name.endswith(".sqlite")] == made[2:]


def test_the_newest_copy_stays_whatever_is_asked(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    take(tmp_path)
    assert records.superseded(tmp_path / "backups" / "web", 0) == []


def test_a_damaged_source_gives_no_copy_and_prunes_nothing(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite", 2000, journal="delete").close()
    before = take(tmp_path, keep=1)["file"]
    content = bytearray((tmp_path / "db.sqlite").read_bytes())
    content[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
    (tmp_path / "db.sqlite").write_bytes(content)
    error = run(tmp_path, "r2", keep=1)["error"]
    assert error["source"] == "web"
    assert error["code"] in {"damaged", "failed"}
    assert names(tmp_path) == [before, before + ".json"]


def test_a_copy_that_lost_rows_or_tables_is_refused(tmp_path: Path) -> None:
    database(tmp_path / "copy.sqlite", 2, journal="delete").close()
    seen = sqlite_copy.Contents({"users": 3, 'odd "name"': 0, "gone": 1}, "x")
    with pytest.raises(
        records.RefusedError, match=r"gone: 1 rows, copy none; users: 3 rows, copy 2"
    ):
        sqlite_copy.prove(tmp_path / "copy.sqlite", seen)


def test_another_schema_with_equal_rows_is_refused(tmp_path: Path) -> None:
    database(tmp_path / "copy.sqlite", journal="delete").close()
    seen = sqlite_copy.Contents({"users": 3, 'odd "name"': 0}, "another checksum")
    with pytest.raises(records.RefusedError, match="schema"):
        sqlite_copy.prove(tmp_path / "copy.sqlite", seen)


def test_a_rehearsal_refuses_what_a_backup_would_and_keeps_nothing(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite", journal="delete").close()
    copy = take(tmp_path)
    kept = names(tmp_path)
    assert run(tmp_path, "r2", action="rehearse") == {"rehearsed": ["web"]}
    assert names(tmp_path) == kept
    (tmp_path / "db.sqlite").unlink()
    assert run(tmp_path, "r2", action="rehearse")["error"]["code"] == "missing"
    assert names(tmp_path) == kept == [copy["file"], copy["file"] + ".json"]


def test_what_a_kill_left_is_cleared_and_counts_for_nothing(tmp_path: Path) -> None:
    database(tmp_path / "db.sqlite").close()
    folder = tmp_path / "backups" / "web"
    folder.mkdir(parents=True)
    (folder / "20200101T000000Z-r0.sqlite.partial").write_bytes(b"half")
    (folder / "20200101T000000Z-r0.sqlite.json").write_text(
        '{"file": "20200101T000000Z-r0.sqlite", "created": "2020"}'
    )
    copy = take(tmp_path)
    assert names(tmp_path) == [copy["file"], copy["file"] + ".json"]


def test_a_missing_database_is_absent_at_first_and_an_error_later(tmp_path: Path) -> None:
    assert run(tmp_path)["copies"] == []
    database(tmp_path / "db.sqlite").close()
    take(tmp_path)
    (tmp_path / "db.sqlite").unlink()
    error = run(tmp_path)["error"]
    assert error["code"] == "missing"
    assert "1 proven copies" in error["why"]


def test_copies_of_the_first_version_of_this_program_still_count(tmp_path: Path) -> None:
    folder = tmp_path / "backups" / "web"
    folder.mkdir(parents=True)
    file = "20260101T000000Z-r0.sqlite"
    (folder / file).write_bytes(b"x")
    old = {"file": file, "created": "2026-01-01T00:00:00Z", "release": "r0", "bytes": 1}
    records.write_json(folder / f"{file}.json", {**old, "sha256": "0", "tables": {"t": 2}})
    (kept,) = records.write_catalog(tmp_path / "backups")
    assert (kept["source"], kept["kind"], kept["tables"]) == ("web", "sqlite", {"t": 2})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_has_a_word_of_its_own(number: int) -> None:
    assert sqlite_copy.explain(OSError(number, "x")).code == "disk full"
    assert sqlite_copy.explain(OSError(errno.EIO, "x")).code == "failed"


def restorable(tmp_path: Path) -> tuple[Path, Path, str]:
    """Make a copy with 3 rows of a database that has 1 row by now, in WAL mode with an open log."""
    live = tmp_path / "data" / "db.sqlite"
    live.parent.mkdir()
    connection = database(live)
    folder = tmp_path / "backups" / "web"
    manifest = sqlite_copy.take(folder, live, "r1")
    assert manifest is not None
    connection.execute("DELETE FROM users WHERE id > 0")
    connection.commit()
    log = live.with_name("db.sqlite-wal").read_bytes()
    connection.close()
    live.with_name("db.sqlite-wal").write_bytes(log)  # as after a crash
    live.chmod(0o604)
    return folder, live, str(manifest["file"])


def test_a_restore_brings_rows_mode_and_journal_back_and_keeps_the_old_with_its_log(
    tmp_path: Path,
) -> None:
    folder, live, file = restorable(tmp_path)
    done = sqlite_restore.restore(folder, live, file)
    old = live.with_name(done["replaced"])
    assert old.with_name(old.name + "-wal").is_file()
    assert (rows(live), rows(old)) == (3, 1)
    assert stat.S_IMODE(live.stat().st_mode) == 0o604
    assert not [path.name for path in live.parent.glob("*restoring*")]
    connection = sqlite3.connect(live)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


class KilledError(BaseException):
    """Stands for a kill: no handler of ours catches it."""


@pytest.mark.parametrize("at", range(6))
def test_a_restore_killed_at_any_rename_ends_right_in_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    folder, live, file = restorable(tmp_path)
    left = iter(range(at))
    killed = False
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        nonlocal killed
        if not killed and next(left, None) is None:
            killed = True
            raise KilledError
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", once)
        try:
            sqlite_restore.restore(folder, live, file)
        except KilledError:
            done = sqlite_restore.restore(folder, live, file)
            assert rows(live.with_name(done["replaced"])) == 1
    assert rows(live) == 3
    (old,) = live.parent.glob("db.sqlite.replaced-*Z")
    assert rows(old) == 1
    assert not [path.name for path in live.parent.glob("*restoring*")]


def test_only_two_replaced_databases_stay(tmp_path: Path) -> None:
    folder, live, file = restorable(tmp_path)
    made = [sqlite_restore.restore(folder, live, file)["replaced"] for _ in range(3)]
    left = sorted(path.name for path in live.parent.glob("*.replaced-*Z"))
    assert left == made[1:]
    assert not list(live.parent.glob(f"{made[0]}*"))


def test_a_copy_that_differs_from_its_manifest_touches_nothing(tmp_path: Path) -> None:
    folder, live, file = restorable(tmp_path)
    manifest = json.loads((folder / f"{file}.json").read_text())
    manifest["tables"]["users"] = 4
    records.write_json(folder / f"{file}.json", manifest)
    with pytest.raises(records.RefusedError, match="users: 4 rows, copy 3"):
        sqlite_restore.restore(folder, live, file)
    assert rows(live) == 1
