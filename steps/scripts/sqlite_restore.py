"""Puts a proven copy of a SQLite database into place; what it replaces stays beside it.

Nobody may have the database open meanwhile. Killed at any point, a second run ends right: until
`<db>.restoring.json` is there nothing live was touched; from then on the swap is only finished.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from steps.scripts import records
from steps.scripts.records import RefusedError
from steps.scripts.sqlite_copy import Contents, prove

if TYPE_CHECKING:
    from pathlib import Path

LOGS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside a database; beside another database they would spoil it."""


def restore(folder: Path, live: Path, file: str) -> dict[str, Any]:
    """Bring a copy back; return what was done.

    Raises:
        RefusedError: There is no such copy, or it is not what its manifest says.
    """
    started = time.monotonic()
    manifest = records.chosen(folder, file)
    aside = finish(live, file)
    if aside is None:
        prepare(folder / file, live, manifest)
        note = {"file": file, "stamp": free_stamp(live)}
        records.write_json(_note(live), note)
        aside = swap(live, note["stamp"])
    records.drop_replaced(live.parent, live.name)
    return {
        "source": folder.name,
        "kind": "sqlite",
        "file": file,
        "replaced": aside,
        "tables": manifest["tables"],
        "bytes": manifest["bytes"],
        "seconds": round(time.monotonic() - started, 2),
    }


def finish(live: Path, file: str) -> str | None:
    """Finish the swap of a killed run; return its result if it was of the same copy."""
    note = _note(live)
    if not note.is_file():
        return None
    if not _restoring(live).is_file():  # it was complete but for this note
        note.unlink()
        return None
    left = json.loads(note.read_text())
    aside = swap(live, left["stamp"])
    return aside if left["file"] == file else None


def prepare(copy: Path, live: Path, manifest: dict[str, Any]) -> None:
    """Lay the copy beside the live file, proven again, with the live file's owner and mode.

    Raises:
        RefusedError: The copy is not what its manifest says.
    """
    restoring = _restoring(live)
    live.parent.mkdir(parents=True, exist_ok=True)
    for left in live.parent.glob(restoring.name + "*"):
        left.unlink()
    records.ask_for_space(live.parent, copy.stat().st_size)
    shutil.copyfile(copy, restoring)
    if records.checksum(restoring) != manifest["sha256"]:
        raise RefusedError("damaged", f"{copy.name} is not the file that was proven (sha256)")
    prove(restoring, Contents(manifest["tables"], manifest["schema"]))
    if manifest.get("journal") == "wal":
        connection = sqlite3.connect(restoring)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    _dress(restoring, live)
    records.sync(restoring)


def swap(live: Path, stamp: str) -> str:
    """Move the live file and its logs aside and the new one into place; return the old's name."""
    aside = live.with_name(f"{live.name}.replaced-{stamp}")
    if live.exists() and aside.exists():  # somebody made another one between two runs
        aside = live.with_name(f"{live.name}.replaced-{free_stamp(live)}")
    for ending in ("", *LOGS):
        one = live.with_name(live.name + ending)
        if one.exists():
            one.rename(aside.with_name(aside.name + ending))
    records.sync(live.parent)
    _restoring(live).rename(live)
    records.sync(live.parent)
    _note(live).unlink(missing_ok=True)
    return aside.name if aside.exists() else ""


def free_stamp(live: Path) -> str:
    """Return a time under which nothing was put aside yet."""
    while (found := records.stamp()) and live.with_name(f"{live.name}.replaced-{found}").exists():
        time.sleep(0.2)
    return found


def _dress(restoring: Path, live: Path) -> None:
    """Give the new file the old one's owner and mode; the folder's owner if there is none."""
    older = sorted(live.parent.glob(f"{live.name}.replaced-*Z"))
    model = live if live.exists() else older[-1] if older else None
    of = (model or live.parent).stat()
    restoring.chmod(of.st_mode & 0o777 if model else 0o640)
    os.chown(restoring, of.st_uid, of.st_gid)


def _restoring(live: Path) -> Path:
    return live.with_name(live.name + ".restoring")


def _note(live: Path) -> Path:
    return live.with_name(live.name + ".restoring.json")
