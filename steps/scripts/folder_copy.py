"""Copies a folder into the restic repository, and proves the copy by restoring it elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.scripts import folder_files, records
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from steps.scripts.folder_files import Files
    from steps.scripts.restic import Repository


def take(
    folder: Path, source: Path, release: str, repository: Repository, *, keep: bool = True
) -> dict[str, Any] | None:
    """Make and prove one copy; None when the folder is empty and always was.

    One that is not to be kept has no manifest, gives None too, and goes when the next is pruned.

    Raises:
        RefusedError: There is no proven copy, and older ones were left alone.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    records.clear_unfinished(folder)
    older = records.proven(folder)
    seen = folder_files.scan(source)
    if not seen:
        if older:
            raise RefusedError(
                "missing", f"the folder is empty, but {len(older)} proven copies of it exist"
            )
        return None
    size = folder_files.size(seen)
    records.ask_for_space(folder, max(0, size - (older[-1]["bytes"] if older else 0)))
    repository.open()
    tags = {"source": folder.name, "release": release}
    snapshot = repository.back_up(source, tags, list(folder_files.OURS))
    found, changed = prove(repository, snapshot, source, seen)
    if not keep:
        return None
    listing = json.dumps(found, sort_keys=True).encode()
    meanwhile = f"; {len(changed)} changed meanwhile: {', '.join(changed[:3])}" if changed else ""
    manifest = {
        "source": folder.name,
        "kind": "folder",
        "file": snapshot,
        "created": records.now(),
        "release": release,
        "proof": f"restored aside: {len(found) - len(changed)} of {len(found)} entries equal to "
        f"the source in content, owner and mode{meanwhile}",
        "bytes": folder_files.size(found),
        "sha256": hashlib.sha256(listing).hexdigest(),
        "tables": {},
        "seconds": round(time.monotonic() - started, 2),
    }
    records.listing_of(folder / snapshot).write_bytes(gzip.compress(listing))
    records.sync(records.listing_of(folder / snapshot))
    records.write_json(records.manifest_of(folder / snapshot), manifest)
    return manifest


def prove(
    repository: Repository, snapshot: str, source: Path, seen: Files
) -> tuple[Files, list[str]]:
    """Restore a snapshot aside; return what it holds, and what changed while it was made.

    Raises:
        RefusedError: Something is not as it was, and the source did not change it.
    """
    scratch = Path(tempfile.mkdtemp(prefix="proof-"))
    try:
        records.ask_for_space(scratch, folder_files.size(seen))
        repository.restore(snapshot, scratch)
        found = folder_files.scan(scratch / source.relative_to("/"))
    finally:
        shutil.rmtree(scratch)
    unlike = folder_files.differing(seen, found)
    lost = [path for path in unlike if folder_files.describe(source / path) == seen.get(path)]
    if lost:
        raise RefusedError(
            "differs",
            f"{len(lost)} entries of the copy are not the source's: {', '.join(lost[:5])}",
        )
    if not found:
        raise RefusedError("differs", "the copy is empty")
    return found, unlike


def prune(folder: Path, keep: int, repository: Repository) -> list[str]:
    """Remove copies beyond the newest `keep`, and snapshots that were never proven."""
    old = [str(manifest["file"]) for manifest in records.superseded(folder, keep)]
    for snapshot in old:
        records.remove(folder, {"file": snapshot})
    kept = records.files(folder.parent)
    unknown = {one for one in repository.ids() if one not in kept}
    if unknown:
        ours = repository.snapshots({"source": folder.name})
        useless = [one for one in ours if one in unknown]
        if useless:
            repository.forget(useless)
    return old
