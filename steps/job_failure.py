"""The message about a job that did not do its work; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.errors import JobError, JobTimeoutError
from steps.prisma import explain

if TYPE_CHECKING:
    from steps.job_task import TaskState

LOG_LINES_SHOWN = 10
"""Of the 30 that are read: a message has less than 20 lines."""


def failed(what: str, *, name: str, state: TaskState, log: str) -> JobError:
    """Return the error for a job that ended badly.

    Args:
        what: The job in the reader's words.
        name: The Swarm service that keeps the whole log.
        state: The task's last state.
        log: The end of the log, without secrets.
    """
    known = explain(log)
    reason = f"{known.why}\n" if known else ""
    error = JobError(
        f"{what} failed: {state.describe()}.",
        why=f"{reason}end of its log:\n{_shown(log)}",
        state=f"Nothing was switched by this job. Whole log: docker service logs {name}",
        todo=known.todo if known else _advice(state),
    )
    error.log, error.ended_with = log, state.exit_code
    return error


def _advice(state: TaskState) -> str:
    """Return what to do about a failure that no log explains."""
    if "No such image" in state.error:
        return "Check the image's digest and that the host may pull it; then run the update again."
    return "Correct the cause, then run the update again."


def overran(what: str, *, limit_s: float, state: TaskState, log: str) -> JobTimeoutError:
    """Return the error for a job that did not end within its limit, in seconds."""
    error = JobTimeoutError(
        f"{what} did not end within {limit_s:g} s.",
        why=f"last state: {state.describe()}; end of its log:\n{_shown(log)}",
        state="The job was stopped and removed.",
        todo="Find out what it waits for, or raise its time limit; then run the update again.",
    )
    error.log = log
    return error


def _shown(log: str) -> str:
    """Return the lines of the log that fit into a message."""
    return "\n".join(log.splitlines()[-LOG_LINES_SHOWN:]) or "(the log is empty)"
