"""What a volume of backups holds, read from a file into which it was saved."""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import OpsError

ROOT = "/backups"
CATALOG = "backups/catalog.json"
REPOSITORY = "backups/restic/config"
_CHUNK = 2**20
_NAMED = 3
"""Unknown copies that a message names."""


@dataclass(frozen=True)
class Holding:
    """What a volume of backups holds.

    Attributes:
        copies: source/file → checksum, of every proven copy.
        repository: checksum of what identifies the repository of folders; empty when there is none.
        bytes: of everything.
    """

    copies: Mapping[str, str]
    repository: str
    bytes: int = 0


def holding(file: Path) -> Holding:
    """Return what a saved volume holds, after comparing every copy with its checksum.

    Raises:
        OpsError: the file is damaged, or is something else.
    """
    try:
        found, size, catalog = _read(file)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise OpsError(_damaged(file, str(error)), todo=_AGAIN) from None
    if catalog is None:
        raise OpsError(_damaged(file, "it holds no catalog of backups"), todo=_AGAIN)
    for copy in catalog:
        name = f"backups/{copy['source']}/{copy['file']}"
        # A folder's copy is in the repository, which proves itself when it is read.
        good = f"{name}.json" in found if copy["kind"] == "folder" else name in found
        if not good or found.get(name, copy["sha256"]) != copy["sha256"]:
            why = f"{copy['source']}/{copy['file']} is not what was proven"
            raise OpsError(_damaged(file, why), todo=_AGAIN)
    return Holding(copies_in(catalog), found.get(REPOSITORY, ""), size)


def copies_in(catalog: list[dict[str, Any]]) -> dict[str, str]:
    """Return source/file → checksum; pure."""
    return {f"{one['source']}/{one['file']}": one["sha256"] for one in catalog}


def refuse_to_mix(ours: Holding, theirs: Holding) -> None:
    """Refuse when a volume holds something that a file does not; pure.

    Raises:
        OpsError: it does.
    """
    unknown = sorted(name for name, sha in theirs.copies.items() if ours.copies.get(name) != sha)
    if theirs.repository not in {"", ours.repository}:
        unknown.append("another repository of folders")
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        listed = ", ".join(unknown[:_NAMED]) + more
        raise OpsError(
            f"the volume holds what the file does not: {listed}; nothing was changed",
            todo="add FORCE=1 to set that aside in a folder of the volume, and load again",
        )


_AGAIN = "save the volume again: make backups APP=… SAVE=…"


def _damaged(file: Path, why: str) -> str:
    return f"{file} is no whole copy of a volume of backups: {why}; nothing was changed"


def _read(file: Path) -> tuple[dict[str, str], int, list[dict[str, Any]] | None]:
    """Return the checksum of each file, the size of all, and the catalog among them."""
    found: dict[str, str] = {}
    size, catalog = 0, None
    with tarfile.open(file) as tar:
        for member in tar:
            data = tar.extractfile(member) if member.isfile() else None
            if data is None:
                continue
            size += member.size
            if member.name == CATALOG:
                catalog = json.load(data)
                continue
            sha = hashlib.sha256()
            while chunk := data.read(_CHUNK):
                sha.update(chunk)
            found[member.name] = sha.hexdigest()
    return found, size, catalog
