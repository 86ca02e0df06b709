"""Restores the newest copy of a source aside, for practice, and compares it with its manifest."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.scripts import folder_files, records, sqlite_copy
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from steps.scripts.restic import Repository

RECORD = "drills.json"
KEPT = 20
"""Of what drills have found: five years of one a quarter."""


def prove(folder: Path, kind: str, repository: Repository) -> dict[str, Any]:
    """Restore the newest copy of a SQLite file or a folder; return what was compared.

    Raises:
        RefusedError: there is no copy, or it is not what its manifest says.
    """
    started = time.monotonic()
    found = records.proven(folder)
    if not found:
        raise RefusedError("missing", "there is no proven copy")
    manifest = found[-1]
    scratch = Path(tempfile.mkdtemp(prefix="drill-"))
    try:
        if kind == "folder":
            compared = _folder(folder, manifest, repository, scratch)
        else:
            compared = _sqlite(folder / str(manifest["file"]), manifest, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    told = {**records.short(manifest), "compared": compared}
    return {**told, "seconds": round(time.monotonic() - started, 2)}


def _sqlite(copy: Path, manifest: dict[str, Any], scratch: Path) -> str:
    records.ask_for_space(scratch, copy.stat().st_size)
    restored = scratch / "restored"
    shutil.copyfile(copy, restored)
    if records.checksum(restored) != manifest["sha256"]:
        raise RefusedError("damaged", f"{copy.name} is not the file that was proven (sha256)")
    sqlite_copy.prove(restored, sqlite_copy.Contents(manifest["tables"], manifest["schema"]))
    return f"integrity, schema, and rows of {len(manifest['tables'])} tables"


def _folder(folder: Path, manifest: dict[str, Any], repository: Repository, scratch: Path) -> str:
    listing = records.listing_of(folder / str(manifest["file"]))
    if not listing.is_file():
        raise RefusedError("damaged", f"the list of files of {manifest['file']} is gone")
    wanted = json.loads(gzip.decompress(listing.read_bytes()))
    records.ask_for_space(scratch, folder_files.size(wanted))
    repository.open()
    repository.restore(str(manifest["file"]), scratch)
    found = folder_files.scan(scratch / "sources" / folder.name)
    unlike = folder_files.differing(wanted, found)
    if unlike:
        raise RefusedError(
            "damaged", f"{len(unlike)} entries are not what was proven: {', '.join(unlike[:5])}"
        )
    return f"content, owner and mode of {len(wanted)} entries"


def note(root: Path, record: dict[str, Any]) -> int:
    """Add a drill to the list of those before; return how many it holds."""
    file = root / RECORD
    try:
        before = json.loads(file.read_text())
    except FileNotFoundError:
        before = []
    kept = [*before, record][-KEPT:]
    records.write_json(file, kept)
    return len(kept)
