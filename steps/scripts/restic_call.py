"""Runs restic once; says in our words why it failed, and ends one that gets nowhere."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING

from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {
    "specified bucket does not exist": "bucket",
    "signature we calculated does not match": "credentials",
    "access key id": "credentials",
    "access denied": "credentials",
    "quota": "bucket full",
    "storage is full": "bucket full",
    "no space left on device": "disk full",
    "wrong password": "password",
    "no such host": "unreachable store",
    "connection refused": "unreachable store",
    "i/o timeout": "unreachable store",
    "repository is already locked": "busy",
}
"""restic's words → our code."""

RETRYING = "returned error, retrying after"
"""restic's words for a call of the store that failed; it goes on trying for 15 minutes."""
PATIENCE_S = 45.0
"""How long calls of the store may fail one after the other."""
CALM_S = 30.0
"""After so long without such words it has come through."""


class Watch:
    """Reads what restic says, and ends it when the store has refused for too long."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        """Keep it; nothing happens yet."""
        self._running = running
        self.lines: list[str] = []
        self.gave_up = False
        self._first = self._last = float("-inf")

    def read(self) -> None:
        """Read to the end."""
        assert self._running.stderr is not None  # noqa: S101 - it was asked for
        for line in self._running.stderr:
            self.lines.append(line.strip())
            if RETRYING in line and self._is_hopeless(time.monotonic()):
                self.gave_up = True
                self._running.kill()

    def _is_hopeless(self, now: float) -> bool:
        if now - self._last > CALM_S:
            self._first = now
        self._last = now
        return now - self._first > PATIENCE_S


def call(
    words: tuple[str, ...],
    environment: dict[str, str],
    *,
    accept: tuple[int, ...] = (0,),
    folder: Path | None = None,
) -> str:
    """Run restic and return what it says; the time limit is the job's.

    Args:
        words: its arguments; never a secret.
        environment: where the repository is, and how it is opened.
        accept: exit codes that are no failure.
        folder: where it runs.

    Raises:
        RefusedError: restic refused, or came no further.
    """
    with subprocess.Popen(  # noqa: S603 - a program of ours, arguments of our own
        ["restic", "--no-cache", "--quiet", *words],  # noqa: S607 - found on the image's PATH
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        watch = Watch(running)
        reading = threading.Thread(target=watch.read, daemon=True)
        reading.start()
        try:
            assert running.stdout is not None  # noqa: S101 - it was asked for
            out = running.stdout.read()
            code = running.wait()
        except BaseException:  # the service is stopped: so is what it has begun
            running.kill()
            raise
        reading.join()
    if watch.gave_up or code not in accept:
        said = "\n".join(watch.lines) or out.strip()
        codes = [code for known, code in KNOWN.items() if known in said.lower()]
        last = "; ".join(said.splitlines()[-3:])
        raise RefusedError((codes or ["failed"])[0], f"restic {words[0]}: {last}")
    return out
