"""What a folder holds, and where two such lists differ."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

OURS = (".restoring", ".restoring.json", ".replaced-*")
"""Names at the top of a volume that belong to restores, not to the application."""

Files = dict[str, list[str | int]]
"""Path → kind, mode, owner, group and, for a file, size and sha256, for a link where it leads."""


def scan(root: Path) -> Files:
    """Return all files, folders and links below a folder; a socket or a pipe holds nothing."""
    found: Files = {}
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        if here == root:
            folders[:] = [name for name in folders if not is_ours(name)]
            names = [name for name in names if not is_ours(name)]  # noqa: PLW2901 - the top only
        for name in (*folders, *names):
            path = here / name
            if (entry := describe(path)) is not None:
                found[str(path.relative_to(root))] = entry
    return found


def describe(path: Path) -> list[str | int] | None:
    """Return one entry, or None when there is none (any more)."""
    try:
        seen = path.lstat()
        common: list[str | int] = [stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid]
        if stat.S_ISDIR(seen.st_mode):
            return ["folder", *common]
        if stat.S_ISLNK(seen.st_mode):
            return ["link", *common, str(path.readlink())]
        if stat.S_ISREG(seen.st_mode):
            with path.open("rb") as handle:
                return [
                    "file",
                    *common,
                    seen.st_size,
                    hashlib.file_digest(handle, "sha256").hexdigest(),
                ]
    except FileNotFoundError:
        return None
    return None


def is_ours(name: str) -> bool:
    """Tell whether a name at the top of a volume belongs to a restore."""
    return any(Path(name).match(pattern) for pattern in OURS)


def differing(wanted: Files, found: Files) -> list[str]:
    """Return the paths that are not in both lists alike."""
    return sorted(
        path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path)
    )


def size(files: Files) -> int:
    """Return the bytes of all files."""
    return sum(int(entry[4]) for entry in files.values() if entry[0] == "file")
