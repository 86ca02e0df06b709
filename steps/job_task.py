"""Where a job stands, read from its tasks; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE = "complete"
BAD = frozenset({"failed", "rejected", "orphaned", "shutdown", "remove"})
"""Final states of a task that did not do its work (Swarm's own words)."""


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """Where the newest task of a job stands.

    Attributes:
        word: The Swarm's word for the state.
        error: The Swarm's reason, empty when it gives none.
        exit_code: Of the container, when there was one and it ended.
    """

    word: str
    error: str = ""
    exit_code: int | None = None

    @property
    def done(self) -> bool:
        """Whether the job did its work."""
        return self.word == DONE

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self.done or self.word in BAD

    def describe(self) -> str:
        """Return the state in a few words."""
        code = "" if self.exit_code is None else f", exit code {self.exit_code}"
        return f"{self.word}{code}" + (f" ({self.error})" if self.error else "")


NOT_SCHEDULED = TaskState(word="new")
"""A service whose task the Swarm has not made yet."""


def latest(tasks: Sequence[dict[str, Any]]) -> TaskState:
    """Return the state of the newest task of a list from the Docker API; there is at least one."""
    status = max(tasks, key=lambda task: str(task["CreatedAt"]))["Status"]
    container = status.get("ContainerStatus") or {}
    ended = status["State"] == DONE or status["State"] in BAD
    return TaskState(
        word=status["State"],
        error=status.get("Err", ""),
        exit_code=container.get("ExitCode") if ended and container.get("ContainerID") else None,
    )
