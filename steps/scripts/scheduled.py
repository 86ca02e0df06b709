"""Copies by the clock: the service that makes them, and brings every new one off this machine.

Runs on the tools image with its plan as JSON in the first argument. What only another image can
copy (a database server's own programs) is asked of a service on that image, over files in the
volume of the backups: `.asked/<source>.ask` holds an id, `.asked/<source>.answer.<id>` what the
program there has said. `runs.json` tells how each kind of run ended, and the last that did well.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.scripts import backup_main, offsite, records
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

CRON = "/opt/estate"
"""Where the tools image has the parser of schedules."""

BEAT = Path("/tmp/beat")  # noqa: S108 - lives and dies with the container
BEAT_S = 15.0
RUNS = "runs.json"
ASKED = ".asked"
MISSED = timedelta(days=8)
"""A run that was due while the machine was off is made up for, if it is not older."""
AGAIN_S = 3600.0
"""Until a push that failed is tried again."""


def matching(schedule: str) -> Callable[[datetime], bool]:
    """Return whether a minute is one of a schedule's."""
    sys.path.append(CRON)
    import cron  # type: ignore[import-not-found]  # noqa: PLC0415 - in the tools image alone

    found: Callable[[datetime], bool] = cron.parse_schedule(schedule).matches
    return found


def due(matches: Callable[[datetime], bool], last: datetime, now: datetime) -> bool:
    """Return whether a minute of the schedule has come since the last run; pure."""
    minute = now.replace(second=0, microsecond=0)
    while minute > max(last, now - MISSED):
        if matches(minute):
            return True
        minute -= timedelta(minutes=1)
    return False


class Copies:
    """What one application's copies by the clock are made from.

    Attributes:
        root: of the volume of the backups.
    """

    def __init__(self, plan: dict[str, Any], matches: Callable[[datetime], bool]) -> None:
        """Keep the plan; nothing happens yet."""
        self.root = Path(plan["root"])
        self._plan = plan
        self._matches = matches
        self._began = datetime.now(UTC)
        self._push_from = 0.0

    def tick(self, now: datetime) -> None:
        """Do what is due: a copy first, then everything that is not off this machine yet."""
        if due(self._matches, self._last(), now):
            self._run("copies", self._copy)
        if self._plan["offsite"] and now.timestamp() >= self._push_from and behind(self.root):
            good = self._run("offsite", self._push)
            self._push_from = 0.0 if good else now.timestamp() + AGAIN_S

    def _last(self) -> datetime:
        """Return when the last copy was begun; before the first, when this service was."""
        last = runs(self.root).get("copies", {}).get("last")
        return datetime.fromisoformat(last["started"]) if last else self._began

    def _copy(self) -> dict[str, Any]:
        sources = []
        for source in self._plan["sources"]:
            if source["name"] not in self._plan["asked"]:
                sources.append(source)
                continue
            file = ask(self.root, source["name"], self._plan["limit_s"])
            if file is not None:
                sources.append({**source, "file": file})
        told = {**self._plan, "action": "take", "release": records.SCHEDULED, "sources": sources}
        return backup_main.run(told)

    def _push(self) -> dict[str, Any]:
        return backup_main.run({**self._plan, "action": "offsite-push"})

    def _run(self, kind: str, work: Callable[[], dict[str, Any]]) -> bool:
        """Do one run and write down how it ended; return whether it did well."""
        started, clock = records.now(), time.monotonic()
        try:
            result = work()
        except RefusedError as error:
            result = {"error": {"source": error.source, "code": error.code, "why": error.why}}
        failed = result.get("error")
        size = sum(int(one["bytes"]) for one in result.get("copies", ())) if kind == "copies" else 0
        outcome = {
            "started": started,
            "ended": records.now(),
            "seconds": round(time.monotonic() - clock, 2),
            "ok": failed is None,
            "bytes": size or int(result.get("bytes", 0)),
            "why": f"{failed['source']}: {failed['why']}".removeprefix(": ") if failed else "",
        }
        known = runs(self.root)
        before = known.get(kind, {}).get("success")
        known[kind] = {"last": outcome, "success": before if failed else outcome}
        records.write_json(self.root / RUNS, known)
        print(json.dumps({"run": kind, **outcome}), flush=True)  # noqa: T201 - the log
        return failed is None


def runs(root: Path) -> dict[str, Any]:
    """Return what is written down of earlier runs."""
    try:
        found: dict[str, Any] = json.loads((root / RUNS).read_text())
    except (OSError, ValueError):
        return {}
    return found


def behind(root: Path) -> bool:
    """Return whether there is a proven copy newer than what is off this machine."""
    try:
        catalog = json.loads((root / "catalog.json").read_text())
    except (OSError, ValueError):
        return False
    try:
        pushed = str(json.loads((root / offsite.RECORD).read_text())["newest"])
    except (OSError, ValueError, KeyError):
        pushed = ""
    return any(str(one["created"]) > pushed for one in catalog)


def ask(root: Path, source: str, limit_s: float) -> str | None:
    """Have a service on another image copy a source; return the file, None when it is empty.

    Raises:
        RefusedError: it has no proven copy, or nobody answered.
    """
    folder = root / ASKED
    folder.mkdir(exist_ok=True)
    for left in folder.glob(f"{source}.answer.*"):
        left.unlink()
    wish = f"{records.stamp()}-{os.getpid()}"
    partial = folder / f"{source}.ask.partial"
    partial.write_text(wish)
    partial.replace(folder / f"{source}.ask")
    answer, until = folder / f"{source}.answer.{wish}", time.monotonic() + limit_s
    while not answer.is_file():
        if time.monotonic() > until:
            error = RefusedError("timeout", f"the service that copies it did not in {limit_s:g} s")
            error.source = source
            raise error
        time.sleep(0.5)
    said = answer.read_text()
    answer.unlink()
    return file_in(source, said)


def file_in(source: str, said: str) -> str | None:
    """Return the file that a program on another image has made; pure.

    Raises:
        RefusedError: it made none.
    """
    lines = [line for line in said.splitlines() if line.startswith(backup_main.MARK)]
    told = json.loads(lines[-1].removeprefix(backup_main.MARK)) if lines else {}
    if "state" in told:
        return str(told["file"]) if told["state"] == "proven" else None
    known = told.get("error") or {"code": "died", "why": said[-500:]}
    error = RefusedError(known["code"], known["why"])
    error.source = source
    raise error


def beat() -> None:
    """Show for ever that this process lives, however long a copy takes."""
    while True:
        BEAT.touch()
        time.sleep(BEAT_S)


def main(argv: list[str]) -> int:
    """Come round every few seconds until asked to stop."""
    os.umask(0o077)  # copies hold sessions and password hashes
    plan = json.loads(argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=beat, daemon=True).start()
    copies = Copies(plan, matching(plan["schedule"]))
    print(f"copies by the clock: {plan['schedule']}", flush=True)  # noqa: T201 - the log
    while True:
        copies.tick(datetime.now(UTC))
        time.sleep(BEAT_S)
