"""Copies a SQLite database while it is in use, and proves the copy before it counts.

Needs Python alone. Nothing ever writes to a source's content.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from steps.scripts import records
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

BUSY_S = 60.0
"""How long a writer of the application may keep us waiting, in seconds."""

PROOF = "opened on its own: integrity, rows of each table and schema equal to the source"


@dataclass(frozen=True)
class Contents:
    """What a database holds: rows of each table, and a checksum over its schema."""

    tables: dict[str, int]
    schema: str


def describe(connection: sqlite3.Connection) -> Contents:
    """Count the rows of every real table; a virtual table's rows are in its shadow tables."""
    entries = connection.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY 1, 2, 3"
    ).fetchall()
    names = [
        name
        for kind, name, _table, sql in entries
        if kind == "table" and not sql.upper().startswith("CREATE VIRTUAL")
    ]
    tables = {}
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        (tables[name],) = connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()  # noqa: S608 - quoted
    return Contents(tables, hashlib.sha256(json.dumps(entries).encode()).hexdigest())


def open_source(file: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a live database and take its snapshot in one transaction; never creates a file.

    After a crash a journal may have to be played back first, which needs write access: SQLite
    then does what it would do at the application's next start.

    Raises:
        Error: SQLite's own, with its connection closed.
    """
    uri = f"{file.as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if mode == "rw" or not isinstance(error, sqlite3.OperationalError):
            raise
        return open_source(file, "rw")
    return connection


def copy(source: sqlite3.Connection, partial: Path) -> Contents:
    """Copy what the source's open transaction sees, and return what that is."""
    seen = describe(source)
    target = sqlite3.connect(partial, isolation_level=None)
    try:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # the copy shall be one file
    finally:
        target.close()
    return seen


def prove(file: Path, seen: Contents) -> None:
    """Open a copy on its own and compare it with what was copied.

    Raises:
        RefusedError: The copy is damaged, or differs.
    """
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        found = describe(connection)
        check = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
    finally:
        connection.close()
    if check != ["ok"]:
        raise RefusedError("damaged", f"integrity_check of the copy: {'; '.join(check)}")
    differing = sorted(
        f"{name}: {seen.tables.get(name, 'none')} rows, copy {found.tables.get(name, 'none')}"
        for name in seen.tables.keys() | found.tables.keys()
        if seen.tables.get(name) != found.tables.get(name)
    )
    if differing:
        raise RefusedError("differs", f"source and copy differ: {'; '.join(differing[:5])}")
    if seen.schema != found.schema:
        raise RefusedError("differs", "the schema of the copy is not that of the source")


def take(folder: Path, source: Path, release: str, *, keep: bool = True) -> dict[str, Any] | None:
    """Make and prove one copy; None when there is no database yet, or it is not to be kept.

    Raises:
        RefusedError: There is no proven copy, and older ones were left alone.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    records.clear_unfinished(folder)
    if not source.is_file() or source.stat().st_size == 0:
        if older := records.proven(folder):
            raise RefusedError(
                "missing",
                f"the database is gone or empty, but {len(older)} proven copies of it exist, "
                f"the newest is {older[-1]['file']}",
            )
        return None
    log = source.with_name(source.name + "-wal")
    size = sum(one.stat().st_size for one in (source, log) if one.is_file())
    records.ask_for_space(folder, size)
    file = records.new_file(folder, release, records.KINDS["sqlite"])
    partial = file.with_name(file.name + ".partial")
    try:
        connection = open_source(source)
        try:
            seen = copy(connection, partial)
            journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        finally:
            connection.close()
        prove(partial, seen)
        if not keep:
            return None
        records.sync(partial)
        manifest = {
            "source": folder.name,
            "kind": "sqlite",
            "file": file.name,
            "created": records.now(),
            "release": release,
            "proof": PROOF,
            "bytes": partial.stat().st_size,
            "sha256": records.checksum(partial),
            "journal": journal,
            **asdict(seen),
            "seconds": round(time.monotonic() - started, 2),
        }
        records.write_json(records.manifest_of(file), manifest)
        partial.replace(file)
        records.sync(folder)
    finally:
        for left in folder.glob(partial.name + "*"):
            left.unlink()
    return manifest


def explain(error: Exception) -> RefusedError:
    """Return the reason behind an error of SQLite or of the disk."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return RefusedError("disk full", f"disk full: {error}")
    if code == sqlite3.SQLITE_BUSY:
        return RefusedError("busy", f"a writer kept the database locked for {BUSY_S:.0f} s")
    return records.explain(error)
