"""The end of a job's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.context import Context
    from steps.swarm import Swarm

LAST_LINES = 30

SETTLE_S = 1.0
TRIES = 4
"""A log may come a moment after the task's end, because it travels through the manager."""


def last_lines(swarm: Swarm, service_id: str, context: Context, *, whole: bool) -> str:
    """Return the last 30 lines of a service's log, without secrets; empty when it said nothing.

    Args:
        swarm: Where it ran.
        service_id: Of the service.
        context: Hides secrets, and has the clock.
        whole: Wait until no more of it comes, not only until something has come: the cause of a
            failure stands at the end.
    """
    text = ""
    for _ in range(TRIES):
        before, text = text, swarm.log(service_id, lines=LAST_LINES)
        if text and (not whole or text == before):
            break
        context.clock.sleep(SETTLE_S)
    return context.redactor.hide(text)
