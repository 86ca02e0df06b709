"""What lies in the volume of the backups: copies, their manifests, and one catalog of all.

A copy counts as proven when its manifest lies beside it. The order is always: copy to `.partial`,
prove, sync, manifest, rename; so a kill leaves a `.partial` or a lone manifest, and the next run
clears both away.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPARE = 1.05
"""Space a copy may need beyond its source; a guess that covers journal and manifest."""

LOCK_S = 600.0
"""How long to wait for the backup of another application in the same volume; a guess."""

REPLACED_KEPT = 2
"""Of what restores have replaced: the newest, and one for a restore that was run twice."""

KINDS = {"postgres": ".dump", "sqlite": ".sqlite", "folder": ""}
"""How the name of a copy ends; a folder's copy is the id of a snapshot."""

SCHEDULED = "scheduled"
"""What stands in the place of the release in copies that the clock has asked for."""

_REPLACED = re.compile(r"\.replaced-\d{8}T\d{6}Z$")


class RefusedError(Exception):
    """It was not done, for this reason."""

    def __init__(self, code: str, why: str) -> None:
        """Keep a word for programs and a sentence for people."""
        super().__init__(why)
        self.code = code
        self.why = why
        self.source = ""


def stamp() -> str:
    """Return the time as part of a file's name: UTC, in seconds."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def now() -> str:
    """Return the time as it stands in a manifest."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def checksum(file: Path) -> str:
    """Return the sha256 of a file."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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


def listing_of(file: Path) -> Path:
    """Return where the list of files in a folder's copy lies."""
    return file.with_name(file.name + ".files.gz")


def proven(folder: Path) -> list[dict[str, Any]]:
    """Return the manifests of all proven copies of one source, oldest first."""
    found = []
    for path in folder.glob("*.json"):
        manifest = _read(path)
        if manifest is not None and _is_there(folder, manifest):
            found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest["created"], manifest["file"]))


def _read(path: Path) -> dict[str, Any] | None:
    """Return a manifest; what the first version of this program left out is filled in."""
    try:
        manifest = json.loads(path.read_text())
    except ValueError:
        return None
    if not isinstance(manifest, dict) or not {"file", "created"} <= manifest.keys():
        return None
    counts = {one["table"]: one["rows"] for one in manifest.get("counts", ())}
    first = {
        "source": path.parent.name,
        "kind": "sqlite",
        "proof": "opened, integrity checked, rows and schema compared with the source",
        "seconds": 0.0,
        "tables": counts,
    }
    return {**first, **manifest, "state": "proven"}


def _is_there(folder: Path, manifest: dict[str, Any]) -> bool:
    return manifest["kind"] == "folder" or (folder / str(manifest["file"])).is_file()


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left: `.partial` files, and manifests without their copy."""
    for path in folder.glob("*.partial*"):
        path.unlink()
    for path in folder.glob("*.json"):
        manifest = _read(path)
        if manifest is None or not _is_there(folder, manifest):
            path.unlink()


def superseded(folder: Path, keep: int) -> list[dict[str, Any]]:
    """Return the proven copies beyond the newest `keep`; the newest one is never among them.

    Copies by the clock are counted apart: a few days of them shall not push out the copy that a
    release can be taken back with.
    """
    found = proven(folder)
    by_clock = [one for one in found if one.get("release") == SCHEDULED]
    others = [one for one in found if one.get("release") != SCHEDULED]
    return [one for kind in (by_clock, others) for one in kind[: -max(keep, 1)]]


def remove(folder: Path, manifest: dict[str, Any]) -> None:
    """Remove a copy; the manifest goes first, so that no half of it counts as proven."""
    file = folder / str(manifest["file"])
    for path in (manifest_of(file), listing_of(file), file):
        path.unlink(missing_ok=True)


def chosen(folder: Path, file: str) -> dict[str, Any]:
    """Return the manifest of a proven copy.

    Raises:
        RefusedError: There is no such copy.
    """
    kept = {str(manifest["file"]): manifest for manifest in proven(folder)}
    if file not in kept:
        names = ", ".join(list(kept)[-3:]) or "none"
        raise RefusedError("unknown copy", f"there is no proven copy {file}; the newest: {names}")
    return kept[file]


def ask_for_space(folder: Path, needed: int) -> None:
    """Refuse before a copy fills the disk that the live data share.

    Raises:
        RefusedError: The copy would not fit.
    """
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < needed * SPARE:
        raise RefusedError("disk full", f"disk full: {needed} bytes are needed, {free} free")


def new_file(folder: Path, release: str, ending: str) -> Path:
    """Return a name that no copy has yet: UTC time in seconds, then the release."""
    while True:
        file = folder / f"{stamp()}-{release}{ending}"
        if not file.exists():
            return file
        time.sleep(0.2)


@contextmanager
def alone(root: Path, name: str = ".lock", wait_s: float = LOCK_S) -> Iterator[None]:
    """Hold the volume of the backups; the kernel lets go of it when the process is killed.

    Args:
        root: of the volume.
        name: of the lock in it.
        wait_s: how long to wait for another holder.

    Raises:
        RefusedError: Another run holds it.
    """
    with (root / name).open("w") as handle:
        until = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise RefusedError("busy", "another run works on these backups") from None
                time.sleep(0.5)
            else:
                break
        yield


def files(root: Path) -> set[str]:
    """Return the names of all proven copies, of every source."""
    return {str(manifest["file"]) for manifest in _all_proven(root)}


def _all_proven(root: Path) -> list[dict[str, Any]]:
    folders = [
        path
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name != "restic" and not path.name.startswith(".")
    ]
    return [manifest for folder in folders for manifest in proven(folder)]


def write_catalog(root: Path) -> list[dict[str, Any]]:
    """Renew the catalog of all that is kept, of every kind; return it, oldest first."""
    kept = [short(manifest) for manifest in _all_proven(root)]
    kept.sort(key=lambda one: (one["created"], one["source"], one["file"]))
    write_json(root / "catalog.json", kept)
    return kept


SHOWN = ("source", "kind", "file", "created", "release", "proof", "bytes", "sha256", "tables")


def short(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the catalog says of a copy."""
    return {**{key: manifest[key] for key in SHOWN}, "seconds": manifest["seconds"]}


def drop_replaced(folder: Path, start: str) -> None:
    """Remove what earlier restores replaced, except the newest; `start` is how its names start."""
    found = sorted(
        path for path in folder.glob(f"{start}.replaced-*") if _REPLACED.search(str(path))
    )
    for path in found[:-REPLACED_KEPT]:
        if path.is_dir():
            shutil.rmtree(path)
            continue
        for one in folder.glob(path.name + "*"):
            one.unlink()


def explain(error: Exception) -> RefusedError:
    """Return the reason behind an error of the disk or of a program."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return RefusedError("disk full", f"disk full: {error}")
    return RefusedError("failed", f"{type(error).__name__}: {error}")
