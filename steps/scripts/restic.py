"""The few calls to restic that backups of folders need; the password is in a file of the job."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from steps.scripts.records import RefusedError
from steps.scripts.restic_call import call

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD_FILE = "/run/secrets/backup_password"  # noqa: S105 - a path
HOST = "estate"
"""Every job's container has a name of its own; snapshots shall not."""

UNREADABLE = 3
"""restic's exit code for a snapshot that lacks a file, as one that vanished; the proof judges."""


class Repository:
    """A restic repository in a folder, used by nobody else meanwhile."""

    def __init__(self, path: Path, password_file: str = PASSWORD_FILE) -> None:
        """Name it; nothing happens yet."""
        self.path = path
        self._environment = {
            **os.environ,
            "RESTIC_REPOSITORY": str(path),
            "RESTIC_PASSWORD_FILE": password_file,
        }

    def open(self) -> None:
        """Make the repository if there is none, and clear the locks of runs that were killed.

        Raises:
            RefusedError: It lacks its configuration but holds data.
        """
        if not (self.path / "config").exists():
            if any((self.path / "data").glob("*/*")):
                raise RefusedError("damaged", f"{self.path} holds data and no configuration")
            # A first run may have been killed between its key and its configuration.
            shutil.rmtree(self.path, ignore_errors=True)
            self._run("init")
        # Every call derives the key anew, half a second of a processor: as few as can be.
        if any((self.path / "locks").glob("*")):
            self._run("unlock", "--remove-all")

    def back_up(self, folder: Path, tags: dict[str, str], excludes: list[str]) -> str:
        """Make a snapshot of a folder and return its whole id.

        Raises:
            RefusedError: restic made none.
        """
        marks = [f"--tag={key}={value}" for key, value in tags.items()]
        left_out = [f"--exclude={folder}/{pattern}" for pattern in excludes]
        words = ["backup", "--json", f"--host={HOST}", *marks, *left_out, str(folder)]
        lines = self._run(*words, accept=(0, UNREADABLE)).splitlines()
        for line in reversed(lines):
            said = json.loads(line) if line.startswith("{") else {}
            if said.get("message_type") == "summary":
                short = str(said["snapshot_id"])
                (whole,) = [one for one in self.ids() if one.startswith(short)]
                return whole
        raise RefusedError("failed", "restic made no snapshot")

    def ids(self) -> list[str]:
        """Return the ids of all snapshots, which are the names of their files."""
        return sorted(one.name for one in (self.path / "snapshots").glob("[0-9a-f]*"))

    def snapshots(self, tags: dict[str, str]) -> list[str]:
        """Return the ids of the snapshots that have all these tags."""
        wanted = ",".join(f"{key}={value}" for key, value in tags.items())
        found: list[dict[str, Any]] = json.loads(
            self._run("snapshots", "--json", f"--tag={wanted}") or "[]"
        )
        return [str(one["id"]) for one in found or []]

    def restore(self, snapshot: str, target: Path) -> None:
        """Write a snapshot below a folder, under the whole path that it was taken from."""
        self._run("restore", snapshot, f"--target={target}")

    def forget(self, snapshots: list[str]) -> None:
        """Remove snapshots and the data that only they need."""
        self._run("forget", "--prune", *snapshots)

    def _run(self, *words: str, accept: tuple[int, ...] = (0,)) -> str:
        """Return what restic says.

        Raises:
            RefusedError: restic refused.
        """
        return call(words, self._environment, accept=accept)
