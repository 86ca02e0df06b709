"""A restic repository in an S3 bucket; its secrets are in a file of the job, never an argument."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steps.scripts.records import RefusedError
from steps.scripts.restic import HOST
from steps.scripts.restic_call import call

SECRETS_FILE = "/run/secrets/offsite"
NONE_THERE = "specified key does not exist"
"""The store's words for a bucket that holds no repository at this place."""

ANSWER_S = 15.0
"""How long the store may take to accept a connection; restic itself would try for 15 minutes."""

_CHUNK = 2**20


class Remote:
    """A repository that one volume of backups writes to, and nobody else."""

    def __init__(self, told: dict[str, Any], secrets: dict[str, str]) -> None:
        """Name it; nothing happens yet.

        Args:
            told: `repository` as restic takes it, and `region`; None has the store asked for it.
            secrets: `access_key`, `secret_key` and `password`.
        """
        self._environment = {
            **os.environ,
            "RESTIC_REPOSITORY": told["repository"],
            "RESTIC_PASSWORD": secrets["password"],
            "AWS_ACCESS_KEY_ID": secrets["access_key"],
            "AWS_SECRET_ACCESS_KEY": secrets["secret_key"],
            **({"AWS_DEFAULT_REGION": told["region"]} if told["region"] else {}),
        }

    def identity(self) -> str | None:
        """Return the repository's id; None when the bucket has none at this place.

        Raises:
            RefusedError: The bucket cannot be read, or the password is another.
        """
        self._knock()
        try:
            return str(json.loads(self.run("cat", "config"))["id"])
        except RefusedError as error:
            if error.code == "failed" and NONE_THERE in error.why.lower():
                return None
            raise

    def make(self) -> str:
        """Make the repository and return its id; the bucket is never made."""
        self.run("init")
        return str(json.loads(self.run("cat", "config"))["id"])

    def unlock(self) -> None:
        """Clear the locks of runs that were killed; the caller is the only writer."""
        self.run("unlock", "--remove-all")

    def snapshots(self) -> list[dict[str, Any]]:
        """Return every snapshot, oldest first."""
        found = json.loads(self.run("snapshots", "--json", "--no-lock") or "[]") or []
        return sorted(found, key=lambda one: str(one["time"]))

    def back_up(self, folder: Path) -> dict[str, Any]:
        """Make a snapshot of what is in a folder and return restic's summary of it.

        Raises:
            RefusedError: restic made none.
        """
        words = (
            "backup",
            "--json",
            f"--host={HOST}",
            "--ignore-inode",
            "--ignore-ctime",
            ".",
        )
        said = call(words, self._environment, folder=folder)
        for line in reversed(said.splitlines()):
            summary: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            if summary.get("message_type") == "summary":
                return summary
        raise RefusedError("failed", "restic made no snapshot")

    def files(self, snapshot: str) -> dict[str, int]:
        """Return path → bytes of every file in a snapshot, paths relative to its root."""
        entries = [json.loads(line) for line in self.run("ls", "--json", snapshot).splitlines()]
        return {
            str(one["path"]).lstrip("/"): int(one.get("size", 0))
            for one in entries
            if one.get("type") == "file"
        }

    def checksum(self, snapshot: str, path: str) -> str:
        """Read a file back and return its sha256; it is on no disk meanwhile.

        Raises:
            RefusedError: It could not be read.
        """
        words = ["restic", "--no-cache", "--quiet", "dump", snapshot, f"/{path}"]
        found = hashlib.sha256()
        with subprocess.Popen(  # noqa: S603 - a program of ours, arguments of our own
            words, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reading:
            assert reading.stdout is not None  # noqa: S101 - it was asked for
            while chunk := reading.stdout.read(_CHUNK):
                found.update(chunk)
        if reading.returncode != 0:
            raise RefusedError("differs", f"{path} cannot be read back from snapshot {snapshot}")
        return found.hexdigest()

    def check(self, subset: str) -> None:
        """Have restic check the repository's structure, and read a part of its data."""
        self.run("check", f"--read-data-subset={subset}")

    def restore(self, snapshot: str, target: Path) -> None:
        """Write a whole snapshot into a folder."""
        self.run("restore", snapshot, f"--target={target}", "--no-lock")

    def forget(self, keep: dict[str, int]) -> None:
        """Remove snapshots beyond the newest of each day, week and month, and their data."""
        kept = [f"--keep-{unit}={number}" for unit, number in keep.items()]
        self.run("forget", "--prune", "--group-by=host", "--keep-last=1", *kept)

    def _knock(self) -> None:
        """Connect to the store once.

        Raises:
            RefusedError: It cannot be reached.
        """
        url = urlsplit(self._environment["RESTIC_REPOSITORY"].removeprefix("s3:"))
        place = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
        try:
            socket.create_connection(place, timeout=ANSWER_S).close()
        except OSError as error:
            why = f"{url.scheme}://{url.netloc}: {error}"
            raise RefusedError("unreachable store", why) from None

    def run(self, *words: str) -> str:
        """Return what restic says.

        Raises:
            RefusedError: restic refused.
        """
        return call(words, self._environment)


def secrets_of(file: str = SECRETS_FILE) -> dict[str, str]:
    """Return the secrets of the job."""
    found: dict[str, str] = json.loads(Path(file).read_text())
    return found
