"""What a release costs those who use a service: lost requests, or seconds of absence.

An online release of a stateless service is made under load, at a constant rate and at saturation,
with an application that ends well and one that ends at once; then a service with a volume of its
own, which stops first, is released, and its absence is held against what the preview announces.
Usage: `.venv/bin/python -m bench.release [--record]`; the exit code is 1 when a request was lost.
"""

import argparse
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from bench.rig import Rig, rig
from components.release import absence
from components.swarm.order import Mount
from components.swarm.service import ServiceSpec
from ops.workplace import ROOT
from steps.context import Context

NAME, PORT = "bench-release", 8619
RUNS = 3
BEFORE_S = 3.0
AFTER_S = 5.0
"""Longer than a request may take, so that one lost at the very end is counted."""
END_LIMIT_S = 30
LOADS: Mapping[str, tuple[str, ...]] = {
    "100 requests/s": ("--rate", "100"),
    "saturation, 16 kept connections": ("--saturate", "16"),
}
ENDS = ("graceful", "abrupt")


@dataclass
class Report:
    """What the load saw; moments are seconds of the monotonic clock."""

    found: dict[str, Any] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Requests without a good answer."""
        return int(self.found["lost"]) + int(self.found["stale"])

    @property
    def kinds(self) -> str:
        """How they were lost."""
        stale = {"stale": self.found["stale"]} if self.found["stale"] else {}
        return ", ".join(f"{n} {kind}" for kind, n in {**self.found["kinds"], **stale}.items())

    def away_s(self, old: str, new: str) -> float:
        """Return the seconds between the last answer of one release and the first of another."""
        answers = self.found["releases"]
        return float(answers[new][0] - answers[old][1])


@contextmanager
def loaded(url: str, *options: str) -> Iterator[Report]:
    """Send load while the block runs, and a little before and after it.

    Raises:
        RuntimeError: the load broke.
    """
    command = [sys.executable, "-m", "bench.load", url, "--seconds", "600", *options]
    report = Report()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as load:
        try:
            time.sleep(BEFORE_S)
            yield report
            time.sleep(AFTER_S)
        finally:
            load.send_signal(signal.SIGTERM)
            said, _ = load.communicate(timeout=END_LIMIT_S)
    if not said:
        raise RuntimeError(f"the load ended with {load.returncode} and said nothing")
    report.found |= json.loads(said)


def released(at: Rig, new: ServiceSpec, *options: str) -> Report:
    """Release under load what is serving already, and return what the load saw."""
    with loaded(at.url, *options) as report:
        at.release(new, Context(stderr=io.StringIO()))
    return report


def online(at: Rig) -> tuple[list[str], int]:
    """Measure online releases; return rows of a table and how many requests were lost."""
    rows, lost = [], 0
    for end in ENDS:
        at.serve(at.spec("first", end=end))
        for load, options in LOADS.items():
            for run in range(RUNS):
                release = f"{options[0].strip('-')}-{run + 1}"
                report = released(at, at.spec(release, end=end), *options)
                lost += report.lost
                rows.append(
                    f"| {load} | {end} | {report.found['sent']} | {report.lost} "
                    f"| {report.kinds or '-'} | {report.found['slowest_s']} |"
                )
                print(rows[-1], flush=True)
    return rows, lost


def offline(at: Rig) -> tuple[list[str], str]:
    """Measure stop-first releases; return rows of a table and what a preview announces."""
    mount = Mount(kind="volume", source=f"{at.name}_data", target="/data")
    specs = [at.spec(f"stop-{number}", mounts=[mount]) for number in range(RUNS + 1)]
    at.serve(specs[0])
    rows, away = [], []
    for old, new in pairwise(specs):
        report = released(at, new, "--rate", "20")
        away.append(report.away_s(old.env["RELEASE_SHA"], new.env["RELEASE_SHA"]))
        rows.append(f"| {len(away)} | {away[-1]:.1f} |")
        print(rows[-1], flush=True)
    rows.append(f"| median | {statistics.median(away):.1f} |")
    return rows, absence(specs[0], "online")


def table(at: Rig) -> tuple[str, int]:
    """Measure everything; return it as Markdown, and how many requests were lost."""
    rows, lost = online(at)
    seconds, announced = offline(at)
    lines = [
        f"# Releases under load, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        (
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end. Half of the "
            "requests go over kept connections, half over new ones; half are POST. Limit 5 s."
        ),
        "",
        "## Online: the new task starts first",
        "",
        "| Load | On SIGTERM it is | Requests | Lost | How | Slowest answer s |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "## Stop first: seconds from the last answer of the old to the first of the new",
        "",
        f"Announced: {announced}.",
        "",
        "| Run | Seconds |",
        "|---|---|",
        *seconds,
    ]
    return "\n".join(lines) + "\n", lost


def main() -> int:
    """Measure, print, record when asked; return 1 when an online release lost a request."""
    parser = argparse.ArgumentParser(prog="bench.release")
    parser.add_argument(
        "--record", action="store_true", help="write bench/results/<date>-release.md"
    )
    record = parser.parse_args().record
    with rig(NAME, PORT) as at:
        text, lost = table(at)
    print(text, end="")
    if record:
        file = ROOT / "bench/results" / f"{datetime.now(UTC):%Y-%m-%d}-release.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
