"""Tells what a look found: a table for people, JSON for programs; pure."""

import json
from collections import Counter

from ops.drift.finding import Drift, Look, Severity

EXIT_DRIFT = 7
EXIT_UNKNOWN = 3
_HEADING = ("", "resource", "field", "declared", "found", "since")
_WIDEST = 48
_SHOWN_UNREAD = 5


def exit_code(seen: Look) -> int:
    """Return 0 for no drift, 7 for drift, 3 when something could not be looked at."""
    if seen.unknown:
        return EXIT_UNKNOWN
    return EXIT_DRIFT if seen.found else 0


def as_text(seen: Look, stack: str) -> str:
    """Return a table for people, and what to do."""
    if not seen.found and not seen.unknown:
        return f"no drift in stack {stack}\n"
    parts = []
    if seen.found:
        counts = Counter(one.severity for one in seen.found)
        summed = ", ".join(f"{counts[level]} {level}" for level in Severity if counts[level])
        parts += [f"drift in stack {stack}: {summed}", _table(seen.found), "next:", _todo(seen)]
    for one in seen.unknown:
        parts += [f"unknown: {one.what}: {' '.join(one.why.split())[:600]}"]
        if one.resources:
            parts += [f"  not compared: {_some(one.resources)}"]
    if seen.unknown:
        parts += ["next: correct that; what is unknown has neither drifted nor not"]
    return "\n".join([*parts, ""])


def as_json(seen: Look, stack: str) -> str:
    """Return everything for a program, as one JSON object."""
    return json.dumps(
        {
            "stack": stack,
            "result": {0: "no drift", EXIT_DRIFT: "drift", EXIT_UNKNOWN: "unknown"}[
                exit_code(seen)
            ],
            "compared": seen.compared,
            "drift": [
                {
                    "resource": one.resource,
                    "field": one.field,
                    "declared": one.declared,
                    "found": one.found,
                    "since": one.since or None,
                    "severity": one.severity.value,
                    "todo": one.todo,
                }
                for one in seen.found
            ],
            "unknown": [
                {"what": one.what, "why": one.why, "resources": one.resources}
                for one in seen.unknown
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _table(found: tuple[Drift, ...]) -> str:
    rows = [_HEADING]
    rows += [
        (
            one.severity.value,
            one.resource,
            one.field or "-",
            one.declared,
            one.found,
            _minute(one.since),
        )
        for one in found
    ]
    widths = [
        min(_WIDEST, max(len(row[column]) for row in rows)) for column in range(len(_HEADING))
    ]
    # What names the drift is never cut.
    for column in (1, 2, 4):
        widths[column] = max(len(row[column]) for row in rows)
    return "\n".join(
        "  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _todo(seen: Look) -> str:
    """Return each thing to do once, with what it is for."""
    concerned: dict[str, list[str]] = {}
    for one in seen.found:
        concerned.setdefault(one.todo, []).append(one.resource)
    return "\n".join(
        f"  {_some(tuple(dict.fromkeys(names)))}: {todo}" for todo, names in concerned.items()
    )


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN_UNREAD} more" if len(names) > _SHOWN_UNREAD else ""
    return ", ".join(names[:_SHOWN_UNREAD]) + more


def _minute(since: str) -> str:
    """Return a time of Docker or Cloudflare, to the minute and in UTC as both write it."""
    return since[:16].replace("T", " ")


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
