"""The table of faults: what each cost the users, written by the runs that measured it."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.traffic import PATIENCE_S, QUESTIONS_PER_S, Traffic

_HEAD = f"""\
# Scorecard of faults

Written by `make scorecard`; a run of a part of it renews the lines of that part.

Each fault is a real one, on a real Swarm, while users ask the backend {QUESTIONS_PER_S} times a
second and write one message a second. *Lost* is a request that was not answered well within
{PATIENCE_S} s, of those that were asked from the release to the moment when all was well again.
*Away* is the longest time without a good answer. *Rows lost* counts messages that were accepted
(HTTP 201) and are not in the database afterwards as they were written. *Ended* is the journal's
word for the release, see [operate.md](operate.md#how-a-release-ends), and what followed without
work by hand.

"""
_COLUMNS = """\
| Fault | Mode | Lost | Away | Rows lost | Ended | When |
|---|---|---:|---:|---:|---|---|
"""
NOT_RUN = "not run"


@dataclass
class Row:
    """One fault.

    Attributes:
        fault: in the words of the table.
        mode: `online`, `offline`, or `-` where it makes no difference.
        traffic: what users had of it; None before it was measured.
        rows_lost: how many.
        ended: how it ended.
        held: whether its test passed; None when it has not run.
    """

    fault: str
    mode: str
    traffic: Traffic | None = None
    rows_lost: int | None = None
    ended: str = ""
    held: bool | None = None

    @property
    def key(self) -> str:
        """The beginning of its line."""
        return f"| {self.fault} | {self.mode} |"

    def line(self) -> str:
        """Return its line of the table; one that did not run or hold says so."""
        if self.held is None:
            return f"{self.key} | | | {NOT_RUN} | |"
        ended = self.ended if self.held else f"**its test failed** {self.ended}".strip()
        lost = away = ""
        if self.traffic is not None:
            lost = f"{len(self.traffic.lost)} of {self.traffic.asked}"
            away = f"{self.traffic.away_s:.1f} s"
        rows = "" if self.rows_lost is None else self.rows_lost
        when = datetime.now(UTC).strftime("%Y-%m-%d")
        return f"{self.key} {lost} | {away} | {rows} | {ended} | {when} |"


def merged(before: str, rows: Iterable[Row]) -> list[str]:
    """Return the lines of a table: those of before, renewed where a row has run; pure.

    Args:
        before: the page as it was, or nothing.
        rows: in order.
    """
    table = before.partition(_COLUMNS)[2].splitlines()
    lines = {_key(line): line for line in table}
    for row in rows:
        if row.held is not None or row.key not in lines:
            lines[row.key] = row.line()
    return list(lines.values())


def write(file: Path, rows: Iterable[Row]) -> None:
    """Write the page.

    Args:
        file: where to.
        rows: in order.
    """
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    machine = (
        f"Measured on {platform.system()} {platform.machine()} with {os.cpu_count()} processors, "
        "which other work may have shared.\n\n"
    )
    lines = [f"{line}\n" for line in merged(before, rows)]
    file.write_text("".join([_HEAD, machine, _COLUMNS, *lines]), encoding="utf-8")


def _key(line: str) -> str:
    """Return what tells a line from the others: fault and mode."""
    return "|".join(line.split("|", 3)[:3]) + "|"
