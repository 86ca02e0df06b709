"""Rows in SQLite; an identifier is never given twice, and a deleted row stays, marked."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

from .errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]

_TABLE = """
CREATE TABLE IF NOT EXISTS {kind} (
  id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, is_deleted INTEGER NOT NULL DEFAULT 0
)
"""
KINDS = ("user", "auth", "proxy_host", "certificate", "access_list")


class Store:
    """The database."""

    def __init__(self, path: Path) -> None:
        """Open it, and make what is missing."""
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._lock = threading.RLock()
        for kind in KINDS:
            self._database.execute(_TABLE.format(kind=kind))

    def add(self, kind: str, row: Row) -> Row:
        """Add a row and return it."""
        now = stamp()
        body = {"created_on": now, "modified_on": now, **row}
        with self._lock:
            done = self._database.execute(
                f"INSERT INTO {kind} (body) VALUES (?)",  # noqa: S608 - one of KINDS
                (json.dumps(body),),
            )
        return {"id": done.lastrowid, **body}

    def all(self, kind: str) -> list[Row]:
        """Return every row that is not deleted."""
        with self._lock:
            found = self._database.execute(
                f"SELECT id, body FROM {kind} WHERE is_deleted = 0 ORDER BY id"  # noqa: S608
            ).fetchall()
        return [{"id": row_id, **json.loads(body)} for row_id, body in found]

    def one(self, kind: str, row_id: int) -> Row:
        """Return a row.

        Raises:
            ApiError: there is none.
        """
        for row in self.all(kind):
            if row["id"] == row_id:
                return row
        raise ApiError(404, f"Not Found - {row_id}")

    def change(self, kind: str, row_id: int, changes: Row) -> Row:
        """Change some fields of a row and return it."""
        row = {**self.one(kind, row_id), "modified_on": stamp(), **changes}
        body = {name: value for name, value in row.items() if name != "id"}
        with self._lock:
            self._database.execute(
                f"UPDATE {kind} SET body = ? WHERE id = ?",  # noqa: S608 - one of KINDS
                (json.dumps(body), row_id),
            )
        return row

    def remove(self, kind: str, row_id: int) -> None:
        """Mark a row as deleted."""
        self.one(kind, row_id)
        with self._lock:
            self._database.execute(
                f"UPDATE {kind} SET is_deleted = 1 WHERE id = ?",  # noqa: S608 - one of KINDS
                (row_id,),
            )

    def close(self) -> None:
        """Close it."""
        self._database.close()


def stamp() -> str:
    """Return the time as rows have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
