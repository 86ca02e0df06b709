"""What backups and restores hand back."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["sqlite", "postgres", "folder", "site"]


class Copy(BaseModel):
    """One copy of one source, proven; or the fact that there is nothing to copy yet.

    Attributes:
        source: name of the source.
        kind: what it is.
        file: name of the copy: a file's, or the id of a restic snapshot.
        created: when, UTC, as in 2026-11-22T16:26:15Z.
        release: of which release the data were.
        proof: how it was proven, in a sentence.
        bytes: of the copy; of a folder, of all its files.
        sha256: of the copy; of a folder, of the list of its files.
        tables: rows of each table; a folder has none.
        seconds: how long copying and proving took.
        state: "absent" when there is no database or no file yet, and never was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    kind: Kind
    file: str = ""
    created: str = ""
    release: str = ""
    proof: str = ""
    bytes: int = 0
    sha256: str = ""
    tables: dict[str, int] = {}
    seconds: float = 0.0
    state: Literal["proven", "absent"] = "proven"

    def describe(self) -> str:
        """Return one line for people."""
        if self.state == "absent":
            return f"{self.source}: nothing there yet, nothing to back up"
        held = f"{len(self.tables)} tables, {sum(self.tables.values())} rows, "
        return (
            f"{self.source}: {self.file} proven, {held if self.tables else ''}"
            f"{self.bytes} bytes in {self.seconds:g} s"
        )


class Restored(BaseModel):
    """One source that is back.

    Attributes:
        source: name of the source.
        kind: what it is.
        file: the copy it came from.
        replaced: where what it replaced lies: a file or folder in the volume, or a database in
            the server; empty when there was nothing.
        tables: rows of each table; a folder has none.
        bytes: of the copy.
        seconds: how long it took.
        note: what is not as it was, for people; mostly empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    kind: Kind
    file: str
    replaced: str
    tables: dict[str, int]
    bytes: int
    seconds: float
    note: str = ""

    def describe(self) -> str:
        """Return one line for people."""
        kept = f"what it replaced is {self.replaced}" if self.replaced else "it replaced nothing"
        return f"{self.source}: {self.file} is back in {self.seconds:g} s, {kept}{self.note}"
