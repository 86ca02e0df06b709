"""What a failed `prisma migrate deploy` means, read from its log.

The codes are Prisma's own: P1001 and P1002 from the connector, P3xxx from the migration engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CODE = re.compile(r"\b(P1001|P1002|P3009|P3018)\b")
_FAILED_BEFORE = re.compile(r"[Tt]he `(?P<name>[^`]+)` migration started at")
_FAILED_NOW = re.compile(r"Migration name:\s*(?P<name>\S+)")
_APPLYING = re.compile(r"Applying migration `(?P<name>[^`]+)`")
_ALL_APPLIED = "have been successfully applied"
_DATABASE_SAYS = re.compile(r"Database error:\s*(?P<text>\S[^\n]*)")


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A known failure: its reason in one line, and what to do."""

    code: str
    why: str
    todo: str


def explain(log: str) -> Explanation | None:
    """Return what a Prisma log says went wrong, or None when it names no known code."""
    found = _CODE.search(log)
    if found is None:
        return None
    return _EXPLAIN[found.group(1)](log)


def failed_migration(log: str) -> str | None:
    """Return the name of the migration that a log says failed, now or before; None without one.

    One that was cut short, because its time was over or its database died, is the last that began.
    """
    found = _FAILED_NOW.search(log) or _FAILED_BEFORE.search(log)
    if found is None and _ALL_APPLIED not in log:
        found = next(reversed(list(_APPLYING.finditer(log))), None)
    return found.group("name") if found else None


def _explain_failed_before(log: str) -> Explanation:
    """P3009: an earlier migration failed and blocks all later ones."""
    name = _named(_FAILED_BEFORE, log)
    return Explanation(
        code="P3009",
        why=f"P3009: migration {name} failed in an earlier run; Prisma applies nothing until "
        "that is resolved.",
        todo="Restore the backup taken before that migration, or repair the schema by hand and "
        f"run: prisma migrate resolve --rolled-back {name}; then run the update again.",
    )


def _explain_failed_now(log: str) -> Explanation:
    """P3018: a migration failed in this run."""
    name = _named(_FAILED_NOW, log)
    says = _DATABASE_SAYS.search(log)
    reason = f" The database says: {says.group('text').strip()}" if says else ""
    return Explanation(
        code="P3018",
        why=f"P3018: migration {name} failed to apply.{reason}",
        todo=f"Correct migration {name} in the application and release a new image; before the "
        "next try restore the backup or mark the migration as rolled back.",
    )


def _explain_unreachable(_log: str) -> Explanation:
    """P1001: nothing answers at the database's address."""
    return Explanation(
        code="P1001",
        why="P1001: the database server does not answer.",
        todo="Check that the database service runs and shares a network with the job.",
    )


def _explain_timeout(_log: str) -> Explanation:
    """P1002: the server answers, but not in time; most often another migration has the lock."""
    return Explanation(
        code="P1002",
        why="P1002: the database did not answer in time; often another migration holds the lock.",
        todo="Wait until no other migration runs, then run the update again.",
    )


def _named(pattern: re.Pattern[str], log: str) -> str:
    """Return the migration's name from a log, or a word that stands for it."""
    found = pattern.search(log)
    return found.group("name") if found else "(name not in the log)"


_EXPLAIN = {
    "P3009": _explain_failed_before,
    "P3018": _explain_failed_now,
    "P1001": _explain_unreachable,
    "P1002": _explain_timeout,
}
