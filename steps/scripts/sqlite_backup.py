"""Copies SQLite databases while they are in use, and proves each copy before it counts.

Runs inside a container as `python3 -c <this file> <plan as JSON>` and needs Python alone. The
last line on stdout starts with `ESTATE ` and holds the result, or the error, as JSON.

A copy counts as proven when its manifest lies beside it. The order is: copy to `.partial`, prove,
sync, manifest, rename; so a kill leaves a `.partial` or a lone manifest, and the next run clears
both away. Nothing ever writes to a source's content.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MARK = "ESTATE "
BUSY_S = 60.0
"""How long a writer of the application may keep us waiting, in seconds."""

SPARE = 1.05
"""Space a copy may need beyond its source; a guess that covers journal and manifest."""


class RefusedError(Exception):
    """There is no proven copy, for this reason."""

    def __init__(self, code: str, why: str) -> None:
        """Keep a word for programs and a sentence for people."""
        super().__init__(why)
        self.code = code
        self.why = why


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


def prove(partial: Path, seen: Contents) -> None:
    """Open a copy on its own and compare it with what was copied.

    Raises:
        RefusedError: The copy is damaged, or differs.
    """
    connection = sqlite3.connect(f"{partial.as_uri()}?mode=ro&immutable=1", uri=True)
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


def sync(path: Path) -> None:
    """Make a file or folder safe on disk."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def write_json(path: Path, value: object) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=1) + "\n")
    sync(partial)
    partial.replace(path)
    sync(path.parent)


def manifest_of(file: Path) -> Path:
    """Return where the manifest of a copy lies."""
    return file.with_name(file.name + ".json")


def proven(folder: Path) -> list[dict[str, Any]]:
    """Return the manifests of all proven copies of one database, oldest first."""
    found = []
    for path in folder.glob("*.sqlite.json"):
        try:
            manifest = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(manifest, dict) and (folder / str(manifest.get("file"))).is_file():
            found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest["created"], manifest["file"]))


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left: `.partial` files, and manifests without their copy."""
    for path in folder.glob("*.partial*"):
        path.unlink()
    for path in folder.glob("*.sqlite.json"):
        if not path.with_suffix("").is_file():
            path.unlink()


def prune(folder: Path, keep: int) -> list[str]:
    """Remove proven copies beyond the newest `keep`; the newest one always stays."""
    old = proven(folder)[: -max(keep, 1)]
    for manifest in old:
        file = folder / manifest["file"]
        file.unlink()
        manifest_of(file).unlink()
    return [manifest["file"] for manifest in old]


def ask_for_space(folder: Path, needed: int) -> None:
    """Refuse before a copy fills the disk that the live databases share.

    Raises:
        RefusedError: The copy would not fit.
    """
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < needed * SPARE:
        raise RefusedError("disk full", f"disk full: the copy needs {needed} bytes, {free} free")


def new_file(folder: Path, release: str) -> Path:
    """Return a name that no copy has yet: UTC time in seconds, then the release."""
    while True:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        file = folder / f"{stamp}-{release}.sqlite"
        if not file.exists():
            return file
        time.sleep(0.2)


def back_up(folder: Path, source: Path, *, release: str, keep: int) -> dict[str, Any]:
    """Make, prove and keep one copy; return what was done.

    Raises:
        RefusedError: There is no proven copy, and older ones were left alone.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    clear_unfinished(folder)
    older = proven(folder)
    if not source.is_file() or source.stat().st_size == 0:
        if older:
            raise RefusedError(
                "missing",
                f"the database is gone or empty, but {len(older)} proven copies of it exist, "
                f"the newest is {older[-1]['file']}",
            )
        return {"state": "absent", "seconds": 0.0}
    log = source.with_name(source.name + "-wal")
    ask_for_space(folder, sum(one.stat().st_size for one in (source, log) if one.is_file()))
    file = new_file(folder, release)
    partial = file.with_name(file.name + ".partial")
    try:
        connection = open_source(source)
        try:
            seen = copy(connection, partial)
        finally:
            connection.close()
        prove(partial, seen)
        with partial.open("rb") as handle:
            checksum = hashlib.file_digest(handle, "sha256").hexdigest()
        sync(partial)
        manifest = {
            "file": file.name,
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "release": release,
            "bytes": partial.stat().st_size,
            "sha256": checksum,
            **asdict(seen),
        }
        write_json(manifest_of(file), manifest)
        partial.replace(file)
        sync(folder)
    finally:
        for left in folder.glob(partial.name + "*"):
            left.unlink()
    return {
        "state": "proven",
        "file": file.name,
        "bytes": manifest["bytes"],
        "sha256": checksum,
        "tables": len(seen.tables),
        "rows": sum(seen.tables.values()),
        "pruned": prune(folder, keep),
        "seconds": round(time.monotonic() - started, 2),
    }


def explain(error: Exception) -> RefusedError:
    """Return the reason behind an error of SQLite or of the disk."""
    if isinstance(error, RefusedError):
        return error
    code = getattr(error, "sqlite_errorcode", None)
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or code == sqlite3.SQLITE_FULL:
        return RefusedError("disk full", f"disk full: {error}")
    if code == sqlite3.SQLITE_BUSY:
        return RefusedError("busy", f"a writer kept the database locked for {BUSY_S:.0f} s")
    return RefusedError("failed", f"{type(error).__name__}: {error}")


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Back up every database of the plan and renew the catalog; stop at the first failure."""
    root = Path(plan["root"])
    wanted = {"release": plan["release"], "keep": plan["keep"]}
    done = []
    for database in plan["databases"]:
        name = database["name"]
        try:
            result = back_up(root / name, Path(database["file"]), **wanted)
        except (RefusedError, sqlite3.Error, OSError) as error:
            refused = explain(error)
            return {"error": {"database": name, "code": refused.code, "why": refused.why}}
        done.append({"name": name, **result})
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    write_json(root / "catalog.json", {folder.name: proven(folder) for folder in folders})
    return {"databases": done}


def main(argv: list[str]) -> int:
    """Carry out the plan in the first argument; return the exit code."""
    os.umask(0o077)  # copies hold sessions and password hashes
    result = run(json.loads(argv[1]))
    sys.stdout.write(MARK + json.dumps(result) + "\n")
    return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
