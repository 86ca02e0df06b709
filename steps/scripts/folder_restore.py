"""Puts a proven copy of a folder into place; what it replaces stays in `.replaced-<time>/`.

Nobody may write to the folder meanwhile. The copy is restored beside the live files, compared, and
only then are entries renamed: first all old ones out, then all new ones in. A note says which of
the two is under way, so that a run after a kill goes on where that one stopped.
"""

from __future__ import annotations

import gzip
import json
import shutil
import time
from typing import TYPE_CHECKING, Any

from steps.scripts import folder_files, records
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from steps.scripts.restic import Repository


def restore(folder: Path, live: Path, file: str, repository: Repository) -> dict[str, Any]:
    """Bring a copy back; return what was done.

    Raises:
        RefusedError: There is no such copy, or it is not what its list says.
    """
    started = time.monotonic()
    manifest = records.chosen(folder, file)
    note = live / ".restoring.json"
    left = json.loads(note.read_text()) if note.is_file() else None
    aside = swap(live, left) if left else ""
    if left is None or left["file"] != file:
        prepare(folder, live, file, repository)
        fresh = {"file": file, "stamp": _free_stamp(live), "phase": "out", "from": str(live)[1:]}
        records.write_json(note, fresh)
        aside = swap(live, fresh)
    records.drop_replaced(live, "")
    return {
        "source": folder.name,
        "kind": "folder",
        "file": file,
        "replaced": aside,
        "tables": {},
        "bytes": manifest["bytes"],
        "seconds": round(time.monotonic() - started, 2),
    }


def prepare(folder: Path, live: Path, file: str, repository: Repository) -> None:
    """Restore a snapshot beside the live files and compare it with its list.

    Raises:
        RefusedError: It is not what was proven.
    """
    listing = records.listing_of(folder / file)
    if not listing.is_file():
        raise RefusedError("damaged", f"the list of files of {file} is gone")
    wanted = json.loads(gzip.decompress(listing.read_bytes()))
    scratch = live / ".restoring"
    shutil.rmtree(scratch, ignore_errors=True)
    records.ask_for_space(live, folder_files.size(wanted))
    repository.open()
    repository.restore(file, scratch)
    unlike = folder_files.differing(wanted, folder_files.scan(scratch / str(live)[1:]))
    if unlike:
        shutil.rmtree(scratch)
        raise RefusedError(
            "damaged", f"{len(unlike)} entries are not what was proven: {', '.join(unlike[:5])}"
        )


def swap(live: Path, note: dict[str, str]) -> str:
    """Move the old entries aside and the new ones in; return the old ones' folder."""
    aside = live / f".replaced-{note['stamp']}"
    if note["phase"] == "out":
        aside.mkdir(exist_ok=True)
        for path in list(live.iterdir()):
            if not folder_files.is_ours(path.name):
                path.rename(aside / path.name)
        records.sync(live)
        records.write_json(live / ".restoring.json", {**note, "phase": "in"})
    scratch = live / ".restoring"
    restored = scratch / note["from"]
    for path in list(restored.iterdir()) if restored.is_dir() else []:
        path.rename(live / path.name)
    records.sync(live)
    shutil.rmtree(scratch, ignore_errors=True)
    (live / ".restoring.json").unlink()
    return aside.name


def _free_stamp(live: Path) -> str:
    while (found := records.stamp()) and (live / f".replaced-{found}").exists():
        time.sleep(0.2)
    return found
