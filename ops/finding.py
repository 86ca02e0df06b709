"""One line of the health check."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Level(StrEnum):
    """How a sign is judged; only an alert makes the check fail."""

    OK = "ok"
    WATCH = "watch"
    ALERT = "ALERT"


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        sign: what was looked at.
        found: what it was.
        expected: what it should be.
        level: the judgement.
    """

    sign: str
    found: str
    expected: str
    level: Level


def ago(age: timedelta) -> str:
    """Return an age for people; pure."""
    hours = age.total_seconds() / 3600
    if hours < 1:
        return "under 1 h ago"
    return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"  # noqa: PLR2004
