"""The table of faults: what each cost the users, written by the run that measured it."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.traffic import Traffic

_HEAD = """\
# Scorecard of faults

Written by `make scorecard` on {date}: {machine}.

Each fault is a real one, on a real Swarm, while users ask the backend {rate} times a second and
write one message a second. *Lost* is a request that was not answered well within {patience} s, of
those that were asked from the release to the moment when all is well again. *Away* is the longest
time without a good answer. *Rows lost* counts messages that were accepted (HTTP 201) and are not in
the database afterwards as they were written. *Ended* is the journal's word for the release, see
[operate.md](operate.md); what follows it went through without work by hand.

| Fault | Mode | Lost | Away | Rows lost | Ended |
|---|---|---:|---:|---:|---|
"""


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

    def line(self) -> str:
        """Return its line of the table; one that did not run or hold says so."""
        if self.held is None:
            return f"| {self.fault} | {self.mode} | | | | not run |\n"
        ended = self.ended if self.held else f"**its test failed** {self.ended}".strip()
        if self.traffic is None:
            return f"| {self.fault} | {self.mode} | | | | {ended} |\n"
        lost = f"{len(self.traffic.lost)} of {self.traffic.asked}"
        away = f"{self.traffic.away_s:.1f} s"
        return f"| {self.fault} | {self.mode} | {lost} | {away} | {self.rows_lost} | {ended} |\n"


def write(file: Path, rows: Iterable[Row], *, rate: int, patience: int) -> None:
    """Write the table.

    Args:
        file: where to.
        rows: in order.
        rate: questions per second.
        patience: seconds after which a request counts as lost.
    """
    head = _HEAD.format(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        rate=rate,
        patience=patience,
    )
    file.write_text(head + "".join(row.line() for row in rows), encoding="utf-8")
