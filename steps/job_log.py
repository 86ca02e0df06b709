"""The end of a job's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.context import Context
    from steps.swarm import Swarm

LAST_LINES = 30

SETTLE_S = 1.0
TRIES = 3
"""A log may come a moment after the task's end, because it travels through the manager."""


def last_lines(swarm: Swarm, service_id: str, context: Context) -> str:
    """Return the last 30 lines of a service's log, without secrets; empty when it said nothing."""
    for _ in range(TRIES):
        text = swarm.log(service_id, lines=LAST_LINES)
        if text:
            return context.redactor.hide(text)
        context.clock.sleep(SETTLE_S)
    return ""
