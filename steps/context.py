"""What every step gets besides its input: a place to say things, and a clock."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from steps.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRESS_S = 5.0
"""Seconds of silence after which a waiting step says what it is waiting for."""


class Clock(Protocol):
    """Time as steps see it, so that a test need not wait."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Context:
    """One run of one step.

    Attributes:
        secrets: What came on standard input.
        redactor: Hides every secret of this run.
        clock: Time.
        stderr: Where prose for people goes.
    """

    secrets: Mapping[str, object] = field(default_factory=dict)
    redactor: Redactor = field(default_factory=Redactor)
    clock: Clock = field(default_factory=SystemClock)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)

    def say(self, text: str) -> None:
        """Write one line for people, without secrets."""
        self.stderr.write(self.redactor.hide(text) + "\n")
        self.stderr.flush()


class Waiting:
    """Says every few seconds what a step is waiting for, and for how long already."""

    def __init__(self, context: Context, what: str) -> None:
        """Start counting."""
        self._context = context
        self._what = what
        self._start = context.clock.now()
        self._said = self._start

    @property
    def seconds(self) -> float:
        """How long the wait has lasted."""
        return self._context.clock.now() - self._start

    def tick(self, detail: str) -> None:
        """Say a line if the last one is more than five seconds ago."""
        now = self._context.clock.now()
        if now - self._said >= PROGRESS_S:
            self._said = now
            self._context.say(f"{self._what}: {detail}, {self.seconds:.0f} s so far")
