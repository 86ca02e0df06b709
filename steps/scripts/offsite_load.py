"""A snapshot of the volume of the backups out of an S3 bucket and into an empty volume."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

from steps.scripts import records
from steps.scripts.offsite import RECORD
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from steps.scripts.remote import Remote

LOADING = ".loading"


def look(root: Path, told: dict[str, Any], remote: Remote) -> dict[str, Any]:
    """Return the snapshots that there are; `root` and `told` are not used."""
    del root, told
    if remote.identity() is None:
        return {"snapshots": []}
    return {
        "snapshots": [
            {"id": str(one["id"]), "time": str(one["time"])} for one in remote.snapshots()
        ]
    }


def load(root: Path, told: dict[str, Any], remote: Remote) -> dict[str, Any]:
    """Bring a snapshot into a volume, usually an empty one; return what is there now.

    Args:
        root: of the volume.
        told: `snapshot` (the beginning of an id, or `latest`), and `force`, under which copies
            that the snapshot does not hold are set aside.
        remote: the repository.

    Raises:
        RefusedError: there is no such snapshot, it is not what was proven, or it would mix with
            what is there; nothing that was there is gone.
    """
    started = time.monotonic()
    identity, snapshot = chosen(remote, str(told["snapshot"]))
    loading = root / LOADING
    shutil.rmtree(loading, ignore_errors=True)
    try:
        records.ask_for_space(root, sum(remote.files(snapshot).values()))
        remote.restore(snapshot, loading)
        copies = json.loads((loading / "catalog.json").read_text())
        compare(loading, copies)
        with records.alone(root):
            aside = make_room(root, copies, force=bool(told.get("force")))
            move_in(loading, root)
            kept = records.write_catalog(root)
            record = {"repository": identity, "snapshot": snapshot, "created": records.now()}
            newest = max(str(one["created"]) for one in copies)
            records.write_json(root / RECORD, {**record, "copies": len(copies), "newest": newest})
    finally:
        shutil.rmtree(loading, ignore_errors=True)
    seconds = round(time.monotonic() - started, 2)
    return {"snapshot": snapshot, "aside": aside, "copies": kept, "seconds": seconds}


def chosen(remote: Remote, start: str) -> tuple[str, str]:
    """Return the ids of the repository and of the snapshot that is meant.

    Raises:
        RefusedError: there is none, or more than one.
    """
    identity = remote.identity()
    found = [str(one["id"]) for one in remote.snapshots()] if identity else []
    meant = found[-1:] if start == "latest" else [one for one in found if one.startswith(start)]
    if identity is None or len(meant) != 1:
        raise RefusedError(
            "unknown snapshot",
            f"{len(meant)} snapshots are {start}; the newest: "
            f"{', '.join(one[:8] for one in found[-3:]) or 'none'}",
        )
    return identity, meant[0]


def compare(loading: Path, copies: Sequence[Mapping[str, Any]]) -> None:
    """Compare every copy with its checksum; folders are compared when they are restored.

    Raises:
        RefusedError: one is missing or different.
    """
    for copy in copies:
        path = loading / str(copy["source"]) / str(copy["file"])
        if copy["kind"] == "folder":
            good = (loading / "restic" / "snapshots" / str(copy["file"])).is_file()
        else:
            good = path.is_file() and records.checksum(path) == copy["sha256"]
        if not good:
            raise RefusedError(
                "damaged", f"{copy['source']}/{copy['file']} came back differently than proven"
            )


def make_room(root: Path, copies: Sequence[Mapping[str, Any]], *, force: bool) -> str:
    """Set aside what is there and not among these copies; return the folder's name.

    Raises:
        RefusedError: there is something, and it was not said that it shall be set aside.
    """
    coming = {(one["source"], one["file"]): one["sha256"] for one in copies}
    there = records.write_catalog(root)
    unknown = [
        f"{one['source']}/{one['file']}"
        for one in there
        if coming.get((one["source"], one["file"])) != one["sha256"]
    ]
    if not unknown:
        return ""
    if not force:
        raise RefusedError(
            "mixed", f"the volume holds {len(unknown)} copies that are not in it: {unknown[0]} …"
        )
    aside = root / f"before-load-{records.stamp()}"
    aside.mkdir()
    for path in list(root.iterdir()):
        if not path.name.startswith((".", "before-load-")):
            path.rename(aside / path.name)
    return aside.name


def move_in(loading: Path, root: Path) -> None:
    """Move what was loaded into the volume, each in the place of its like."""
    for path in sorted(loading.iterdir()):
        target = root / path.name
        if target.is_dir():
            target.rename(loading / f".replaced-{path.name}")
        path.rename(target)
    records.sync(root)
