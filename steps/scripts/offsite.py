"""The volume of the backups into an S3 bucket, and the proof that it is there.

A push uploads a view of the volume made of hard links: copies are never changed once they are
there, so the view stays as it was while releases go on, and costs no space. What is in the bucket
counts, and older snapshots go, only when the new one has been checked and read.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from steps.scripts import records
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from steps.scripts.remote import Remote

RECORD = "offsite.json"
VIEW = ".offsite"
LOCK = ".offsite.lock"
LOCK_S = 60.0
"""How long to wait for another push of the same volume; a guess."""


def push(root: Path, told: dict[str, Any], remote: Remote) -> dict[str, Any]:
    """Upload what is kept, prove it there, then thin out what is older; return the record.

    Args:
        root: of the volume.
        told: `keep` (unit → number), `subset` that is read, `adopt` another volume's repository.
        remote: the repository.

    Raises:
        RefusedError: there is no new proven snapshot; nothing was removed.
    """
    started = time.monotonic()
    with records.alone(root, LOCK, LOCK_S), view_of(root) as view:
        copies = json.loads((view / "catalog.json").read_text())
        identity = opened(root, remote, adopt=bool(told.get("adopt")))
        summary = remote.back_up(view)
        snapshot = str(summary["snapshot_id"])
        prove(remote, snapshot, copies, told["subset"])
        remote.forget(told["keep"])
        record = {
            "repository": identity,
            "snapshot": snapshot,
            "created": records.now(),
            "copies": len(copies),
            "newest": max(str(one["created"]) for one in copies),
            "bytes": int(summary["total_bytes_processed"]),
            "added": int(summary["data_added"]),
            "seconds": round(time.monotonic() - started, 2),
        }
        records.write_json(root / RECORD, record)
    return record


@contextmanager
def view_of(root: Path) -> Iterator[Path]:
    """Give the volume as it is now, as hard links; what belongs to runs is left out.

    Raises:
        RefusedError: there is no proven copy in it.
    """
    view = root / VIEW
    shutil.rmtree(view, ignore_errors=True)
    try:
        with records.alone(root):
            if not records.write_catalog(root):
                raise RefusedError("nothing yet", "the volume holds no proven copy")
            shutil.copytree(root, view, copy_function=os.link, ignore=_left_out)
        yield view
    finally:
        shutil.rmtree(view, ignore_errors=True)


def _left_out(_folder: str, names: list[str]) -> list[str]:
    """Return what no snapshot holds: locks, what is half-written, and what a load replaced."""
    return [
        name
        for name in names
        if name.startswith((".", "before-load-"))
        or name in {RECORD, "locks"}
        or name.endswith(".partial")
    ]


def opened(root: Path, remote: Remote, *, adopt: bool) -> str:
    """Return the repository's id, made if it is this volume's first.

    Raises:
        RefusedError: the repository is another one than before, or another volume's.
    """
    known = known_repository(root)
    found = remote.identity()
    if found is None and known:
        raise RefusedError("repository", f"repository {known[:8]} is no longer in the bucket")
    if found is None:
        found = remote.make()
    elif known and known != found and not adopt:
        raise RefusedError("repository", f"expected repository {known[:8]}, found {found[:8]}")
    elif not known and not adopt and (others := remote.snapshots()):
        raise RefusedError(
            "repository", f"it holds {len(others)} snapshots that this volume knows nothing of"
        )
    # Written before the first snapshot: a run that is killed now finds its own repository again.
    before = json.loads((root / RECORD).read_text()) if known == found else {}
    records.write_json(root / RECORD, {**before, "repository": found})
    remote.unlock()
    return found


def known_repository(root: Path) -> str:
    """Return the id of the repository that this volume writes to; empty when none yet."""
    try:
        return str(json.loads((root / RECORD).read_text())["repository"])
    except (OSError, ValueError, KeyError):
        return ""


def prove(remote: Remote, snapshot: str, copies: Sequence[Mapping[str, Any]], subset: str) -> None:
    """Check the repository, find every copy in the snapshot, and read the newest of each back.

    Raises:
        RefusedError: something is missing or different.
    """
    remote.check(subset)
    there = remote.files(snapshot)
    lost = [path for path, size in wanted(copies).items() if there.get(path, -1) < size]
    if lost:
        raise RefusedError("differs", f"not whole in the snapshot: {', '.join(lost[:5])}")
    for copy in {str(one["source"]): one for one in copies}.values():
        path = f"{copy['source']}/{copy['file']}"
        if copy["kind"] != "folder" and remote.checksum(snapshot, path) != copy["sha256"]:
            raise RefusedError("differs", f"{path} reads back differently than it was proven")


def wanted(copies: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return path → least bytes of the files that copies are made of; pure.

    A folder's copy is a snapshot in the repository beside them.
    """
    found = {}
    for one in copies:
        if one["kind"] == "folder":
            found[f"restic/snapshots/{one['file']}"] = 1
        else:
            found[f"{one['source']}/{one['file']}"] = int(one["bytes"])
    return found
