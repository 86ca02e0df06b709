"""Calls URLs at the minutes their schedules name; the cron service of an application.

Environment: ``CRON_JOBS`` (JSON list of ``{"name", "schedule", "url"}``), ``CRON_HEADER`` (the
header that carries the secret), ``CRON_SECRET_FILE``; ``TZ`` as usual, UTC without it.
Each run prints one JSON line, a failed one a second line on stderr; ``/tmp/cron.json`` holds
the last result of each job.
``cron.py --healthy`` exits 1 when the loop has not come round for three minutes.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

LIMIT_S = 30  # a run; the shortest schedule is a minute
STALE_S = 180  # three missed rounds
STATE = Path("/tmp/cron.json")  # noqa: S108 - lives and dies with the container
SECRET = "/run/secrets/cron_secret"  # noqa: S105 - a path
# Name, lowest and highest value of the five fields; 7 is Sunday too.
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The minutes a five-field cron expression names.

    Attributes:
        fields: The values of minute, hour, day of month, month and weekday (0 is Sunday).
        either_day: Both day fields are restricted, so that one of them is enough (POSIX crontab).
    """

    fields: tuple[frozenset[int], ...]
    either_day: bool

    def matches(self, moment: datetime) -> bool:
        """Whether ``moment`` (its minute) is one of the schedule's minutes."""
        minute, hour, day, month, weekday = self.fields
        on_day = moment.day in day
        on_weekday = moment.isoweekday() % 7 in weekday
        on_date = (on_day or on_weekday) if self.either_day else (on_day and on_weekday)
        return moment.minute in minute and moment.hour in hour and moment.month in month and on_date


def _parse_field(text: str, *, name: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        first, dash, last = span.partition("-")
        numbers = [first] if span != "*" else []
        numbers += [last] if dash else []
        numbers += [step_text] if slash else []
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise ValueError(f"{name} field {text!r}: needs *, a number, a-b, */n or a list")
        start = low if span == "*" else int(first)
        end = int(last) if dash else high if span == "*" or slash else start
        step = int(step_text) if slash else 1
        if not (low <= start <= end <= high) or step < 1:
            raise ValueError(f"{name} field {text!r}: needs values from {low} to {high}")
        values.update(range(start, end + 1, step))
    return frozenset(values)


def parse_schedule(text: str) -> Schedule:
    """Reads a five-field cron expression: ``*``, numbers, ``a-b``, ``*/n``, ``a-b/n`` and lists.

    Raises:
        ValueError: The text has another number of fields, or a field is out of its range.
    """
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"schedule {text!r}: needs 5 fields, for example */30 * * * *")
    fields = [
        _parse_field(part, name=name, low=low, high=high)
        for part, (name, low, high) in zip(parts, FIELDS, strict=True)
    ]
    fields[4] = frozenset(day % 7 for day in fields[4])
    either_day = not parts[2].startswith("*") and not parts[4].startswith("*")
    return Schedule(fields=tuple(fields), either_day=either_day)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A URL and the minutes at which it is called."""

    name: str
    schedule: Schedule
    url: str


def read_jobs(text: str) -> list[Job]:
    """Reads ``CRON_JOBS``.

    Raises:
        ValueError: Not a JSON list of jobs, a schedule is wrong, or a URL is not http.
    """
    jobs = []
    for entry in json.loads(text):
        if not isinstance(entry, dict) or set(entry) != {"name", "schedule", "url"}:
            raise ValueError("CRON_JOBS: each job needs name, schedule and url, and nothing else")
        if not entry["url"].startswith(("http://", "https://")):
            raise ValueError(f"CRON_JOBS: the url of {entry['name']} needs http:// or https://")
        schedule = parse_schedule(entry["schedule"])
        jobs.append(Job(name=entry["name"], schedule=schedule, url=entry["url"]))
    return jobs


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer of its own: following it would carry the secret elsewhere."""

    def redirect_request(self, *_args: object) -> None:
        return None


def call(job: Job, *, header: str, secret: str) -> dict[str, Any]:
    """Calls the job's URL once and says how it went: job, at, status, seconds, ok, error."""
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(job.url, headers={header: secret})  # noqa: S310 - http only
    began = time.monotonic()
    result: dict[str, Any] = {"job": job.name, "at": datetime.now().astimezone().isoformat()}
    status, error = 0, None
    try:
        with opener.open(request, timeout=LIMIT_S) as answer:
            status = answer.status
    except urllib.error.HTTPError as refusal:
        status, error = refusal.code, f"answered {refusal.code}"
        refusal.close()
    except (OSError, http.client.HTTPException) as failure:
        error = str(getattr(failure, "reason", failure))
    result |= {"status": status, "seconds": round(time.monotonic() - began, 3), "ok": not error}
    return result | ({"error": error} if error else {})


class Cron:
    """The loop: each job in a thread of its own, never two of one job at once."""

    def __init__(self, jobs: list[Job], *, header: str, secret: str) -> None:
        """Holds the jobs and the header that authorises them; starts nothing."""
        self._jobs = jobs
        self._header = header
        self._secret = secret
        self._running: dict[str, threading.Thread] = {}
        self._state: dict[str, Any] = {"tick": time.time(), "jobs": {}}
        self._lock = threading.Lock()
        self.stop = threading.Event()

    def _record(self, result: dict[str, Any] | None = None) -> None:
        with self._lock:
            self._state["tick"] = time.time() if result is None else self._state["tick"]
            if result is not None:
                print(json.dumps(result), flush=True)  # noqa: T201 - the log
                if not result["ok"]:
                    loud = f"cron: {result['job']} FAILED: {result['error']}"
                    print(loud, file=sys.stderr, flush=True)  # noqa: T201 - the log
                self._state["jobs"][result["job"]] = result
            partial = STATE.with_suffix(".partial")
            partial.write_text(json.dumps(self._state))
            partial.replace(STATE)

    def _run(self, job: Job) -> None:
        self._record(call(job, header=self._header, secret=self._secret))

    def tick(self, moment: datetime) -> None:
        """Starts the jobs of this minute; one that still runs is reported, not started twice."""
        self._record()
        for job in self._jobs:
            if not job.schedule.matches(moment):
                continue
            before = self._running.get(job.name)
            if before is not None and before.is_alive():
                result = {"job": job.name, "at": moment.isoformat(), "status": 0, "seconds": 0}
                error = "the run before has not ended"
                self._record(result | {"ok": False, "error": error})
                continue
            thread = threading.Thread(target=self._run, args=(job,), daemon=True)
            self._running[job.name] = thread
            thread.start()

    def run(self) -> None:
        """Comes round at every full minute until ``stop`` is set, then waits for open runs."""
        self._record()
        names = ", ".join(job.name for job in self._jobs)
        print(f"cron: started: {names}", file=sys.stderr, flush=True)  # noqa: T201 - the log
        while True:
            now = datetime.now().astimezone()
            due = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
            if self.stop.wait((due - now).total_seconds()):
                break
            self.tick(due)
        for thread in self._running.values():
            thread.join(LIMIT_S)


def is_healthy(now: float) -> bool:
    """Whether the loop has come round in the last three minutes; ``now`` in seconds."""
    try:
        return bool(now - json.loads(STATE.read_text())["tick"] < STALE_S)
    except (OSError, ValueError, KeyError):
        return False


def main() -> int:
    """Runs the service, or with ``--healthy`` its check."""
    if sys.argv[1:] == ["--healthy"]:
        return 0 if is_healthy(time.time()) else 1
    try:
        jobs = read_jobs(os.environ["CRON_JOBS"])
        secret = Path(os.environ.get("CRON_SECRET_FILE", SECRET)).read_text().strip()
    except (KeyError, OSError, ValueError) as error:
        print(f"cron: will not start: {error}", file=sys.stderr)  # noqa: T201 - the log
        return 1
    cron = Cron(jobs, header=os.environ.get("CRON_HEADER", "x-cron-secret"), secret=secret)
    signal.signal(signal.SIGTERM, lambda *_: cron.stop.set())
    cron.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
