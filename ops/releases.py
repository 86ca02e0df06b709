"""What was released when, by whom, and what became of it; from the journals in the Swarm."""

import json
import sys
import time

from ops.applications import Application, some
from ops.hosts import estate_of
from ops.stacks import made
from ops.table import table
from settings import digits
from steps.context import Context
from steps.docker_host import connect
from steps.library_errors import translated
from steps.release.journal import Attempt, Journal, Record, Result
from steps.release.store import Store
from steps.release.work_in_progress import at_work
from steps.swarm import Swarm

_GOOD = frozenset({Result.RELEASED, Result.RESTORED})
_HEADING = ("app", "when", "release", "image", "result", "mode", "seconds", "by", "failed step")
_NOT_SHOWN = {"before", "writers"}
"""Whole specifications of services: they help a program to go back, and nobody else."""


def releases(stack: str, app: str | None, *, as_json: bool) -> int:
    """Print the releases of a stack; return 0.

    Args:
        stack: its name.
        app: the one application that is wanted, or None for all.
        as_json: whole records instead of a table.
    """
    estate = estate_of(made(stack))
    journals = {one.name: journal_of(one) for one in some(estate, app)}
    sys.stdout.write(as_text(journals, stack) if not as_json else as_data(journals))
    return 0


def journal_of(application: Application) -> Journal:
    """Return the journal of an application; an empty one when nothing was released yet."""
    what = f"The journal of {application.name} cannot be read."
    with (
        connect(application.docker, Context()) as client,
        translated(what, state="Nothing was changed."),
    ):
        return Store(Swarm(client), application.name).journal


def as_data(journals: dict[str, Journal]) -> str:
    """Return whole records for programs; pure."""
    shown = {
        app: {
            "serving": None if one.serving is None else one.serving.model_dump(),
            "under_way": None
            if one.attempt is None
            else one.attempt.model_dump(mode="json", exclude=_NOT_SHOWN),
            "history": [record.model_dump(mode="json") for record in one.history],
        }
        for app, one in journals.items()
    }
    return json.dumps(shown, indent=2) + "\n"


def as_text(journals: dict[str, Journal], stack: str) -> str:
    """Return a table, what is under way, and the whole of a failure that came last."""
    records = [(app, one) for app, journal in journals.items() for one in journal.history]
    rows = [_row(app, one) for app, one in sorted(records, key=lambda pair: pair[1].at)]
    parts = [table([_HEADING, *rows])] if rows else [f"nothing was released on {stack} yet\n"]
    for app, journal in journals.items():
        if journal.attempt is not None:
            parts.append(f"\n{app}: {under_way(journal.attempt, stack)}\n")
        if journal.history and journal.history[-1].result not in _GOOD:
            parts.append(f"\n{_told(app, journal.history[-1])}")
    return "".join(parts)


def under_way(attempt: Attempt, stack: str) -> str:
    """Return how far a release is, and who is at work on it."""
    begun = [name for name in attempt.dirty if name not in attempt.done]
    done = f"done: {', '.join(attempt.done)}" if attempt.done else "nothing is done yet"
    phase = f"at {begun[-1]}" if begun else "between two phases"
    if attempt.failed is not None:
        phase = f"going back after {attempt.failed}"
    minutes = (time.time() - attempt.started) / 60
    text = (
        f"release {attempt.version.release} is under way: {phase}; {done}; begun {minutes:.0f} min "
        f"ago by {attempt.by}"
    )
    seen = at_work(attempt)
    if seen is not None:
        return f"{text}; {seen.user}@{seen.host} (pid {seen.pid}) is at work on it"
    return f"{text}; nobody is at work on it: make up STACK={stack} finishes it or takes it back"


def _row(app: str, record: Record) -> tuple[str, ...]:
    return (
        app,
        record.at,
        record.version.release,
        digest(record.version.image),
        record.result.value,
        record.mode,
        f"{record.seconds:.0f}",
        record.by,
        record.step or "-",
    )


def digest(image: str) -> str:
    """Return the first 12 digits of an image's digest; pure."""
    return digits(image) or image


def _told(app: str, record: Record) -> str:
    """Return a failure in the parts that every message has."""
    first, *more = record.why.splitlines() or ["unknown"]
    lines = [f"why:    {first}", *(f"        {line}" for line in more)]
    what = f"{app}: the last one, {record.version.release}, was {record.result.value}"
    end = f" at {record.step}" if record.step else ""
    return "\n".join([what + end, *lines, f"now:    {record.now}", f"do:     {record.todo}", ""])
