"""What an image is made of: a hash over it, and the build context that holds it."""

from __future__ import annotations

import hashlib
import os
import tarfile
from itertools import chain
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Go modules make binaries on the machine; images get the binaries only.
_NOT_IN_CONTEXT = "src"
_LENGTH = 16  # hex digits; a tag is read by people, 64 bits are plenty for one checkout


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and "node_modules" not in parts:
            yield "/".join(parts), path


def _borrowed_files(borrowed: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for prefix, folder in sorted(borrowed.items()):
        for name, path in _files(folder):
            yield f"{prefix}/{name}", path


def hash_source(
    folder: Path,
    *,
    parent: str,
    arguments: Mapping[str, str],
    borrowed: Mapping[str, Path] | None = None,
) -> str:
    """Hash of everything that decides what an image holds.

    Args:
        folder: The image's folder; contents and executable bits count, times do not.
        parent: Identity of the image it starts from.
        arguments: Build arguments.
        borrowed: Name in the context -> folder of another image.
    """
    digest = hashlib.sha256(f"{parent}\n{sorted(arguments.items())}\n".encode())
    for name, path in chain(_files(folder), _borrowed_files(borrowed or {})):
        executable = os.access(path, os.X_OK)
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{name} {executable} {content}\n".encode())
    return digest.hexdigest()[:_LENGTH]


def write_context(file: IO[bytes], folder: Path, programs: Mapping[str, Path]) -> None:
    """Writes the build context as a tar: the folder without ``src``, and ``programs`` beside it.

    Args:
        file: Where to write; left at its beginning.
        folder: The image's folder.
        programs: Name in the context -> file or folder on this machine, borrowed ones too.
    """

    def neutral(member: tarfile.TarInfo) -> tarfile.TarInfo:
        # Owner and time of this checkout must not decide whether Docker's cache fits.
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = 0
        return member

    with tarfile.open(fileobj=file, mode="w") as context:
        for name, path in _files(folder):
            if not name.startswith(f"{_NOT_IN_CONTEXT}/"):
                context.add(path, name, filter=neutral)
        for name, path in programs.items():
            context.add(path, name, filter=neutral)
    file.seek(0)
