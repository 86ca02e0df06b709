"""What can go wrong in a step, said so that a person can act on it.

StepError                 exit 1
 ├─ DockerError           the Docker daemon answered with an error
 ├─ HostError             the daemon or the ssh connection to it cannot be reached
 ├─ WebError              a web address does not answer as it has to
 ├─ JobError              a one-shot job ended badly
 ├─ JobTimeoutError       a one-shot job ran into its time limit
 ├─ BackupError           a database could not be copied, or the copy could not be proven
 ├─ NpmError              Nginx Proxy Manager does not answer, or refuses what it was asked
 ├─ ConvexError           the Convex backend gives no key or refuses what it was asked
 └─ ReleaseError          a release failed, and this is what is in place now
     └─ HalfAppliedError   and a part of its migration may have stayed in the data
InputError                exit 2: the step was called wrongly, nothing was tried
"""

from __future__ import annotations

import traceback
from typing import ClassVar

WIDTH = 300
"""Longest line of a message, in characters: a stack trace on one line helps nobody."""

REASON_LINES = 14
"""Lines kept of a reason; with the other three parts a message stays under 20 lines."""

PART_LINES = 1


class StepError(Exception):
    """A step could not do its work.

    Attributes:
        what: What failed, in one line.
        why: The reason as far as it is known; the last lines of a log go here.
        state: What holds now: what was touched and what was not.
        todo: What to do next.
        on_copy: Whether it happened to a copy of the data, which nobody uses.
    """

    exit_code: ClassVar[int] = 1
    on_copy: bool = False

    def __init__(self, what: str, *, why: str, state: str, todo: str) -> None:
        """Keep the four parts of the message."""
        super().__init__(what)
        self.what = what
        self.why = why
        self.state = state
        self.todo = todo

    def render(self) -> str:
        """Return the message: at most 18 lines of at most 300 characters and a label."""
        parts = (
            ("FAILED", _lines(self.what, PART_LINES)),
            ("why", _lines(self.why, REASON_LINES)),
            ("now", _lines(self.state, PART_LINES)),
            ("do", _lines(self.todo, PART_LINES)),
        )
        return "\n".join(_labelled(label, lines) for label, lines in parts)

    def __str__(self) -> str:
        """Return the rendered message."""
        return self.render()


class InputError(StepError):
    """The step was called with input it cannot use."""

    exit_code: ClassVar[int] = 2


class DockerError(StepError):
    """The Docker daemon answered with an error."""


class HostError(StepError):
    """The Docker daemon, or the ssh connection to it, cannot be reached."""


class WebError(StepError):
    """A web address does not answer as it has to."""


class JobError(StepError):
    """A one-shot job ended badly.

    Attributes:
        log: The end of its log, without secrets, for a step that can read more from it.
        ended_with: Exit code of its program; None when it never got there.
    """

    log: str = ""
    ended_with: int | None = None


class JobTimeoutError(StepError):
    """A one-shot job ran into its time limit.

    Attributes:
        log: As of a job that failed.
    """

    log: str = ""


class BackupError(StepError):
    """A database could not be copied, or its copy could not be proven."""


class NpmError(StepError):
    """Nginx Proxy Manager does not answer, or refuses what it was asked."""


class ConvexError(StepError):
    """The Convex backend gives no admin key, or refuses what it was asked."""


class BenchError(StepError):
    """A bench could not be read or changed, or some of its sites could not."""


class ReleaseError(StepError):
    """A release failed; its message says what is in place now."""


class HalfAppliedError(ReleaseError):
    """A migration failed, and a part of it may have stayed in the data."""


def unexpected(error: Exception) -> StepError:
    """Return a message for an error that nobody foresaw: its kind and where it happened."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return StepError(
        "The step met an error that it does not know.",
        why=f"{type(error).__name__}: {error}\nat {frame.filename}:{frame.lineno}",
        state="The step stopped there; it can be run again.",
        todo="Report it with this message, then run the update again.",
    )


def _lines(text: str, limit: int) -> list[str]:
    """Return the last `limit` non-empty lines of a text, each cut to `WIDTH`."""
    kept = [line.rstrip()[:WIDTH] for line in text.splitlines() if line.strip()]
    if limit == PART_LINES:
        return [" ".join(kept)[:WIDTH]]
    return kept[:1] + kept[1:][-(limit - 1) :]


def _labelled(label: str, lines: list[str]) -> str:
    """Return lines under one label, the later ones indented to the first."""
    margin = " " * 8
    head = f"{label + ':':<8}"
    return "\n".join((head if number == 0 else margin) + line for number, line in enumerate(lines))
