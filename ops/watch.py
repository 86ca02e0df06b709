"""Watches services while the engine changes them, so that a failure can be explained.

Neither the provider's error nor the Swarm keeps the reason: a failed create removes the service
with its tasks and their logs, and a roll-back leaves only the old task in sight.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from steps.errors import StepError

_POLL_S = 1.0
_LOG_LINES = 8
_BAD = ("failed", "rejected", "orphaned")


class Tasks(Protocol):
    """What is asked of a Swarm's manager."""

    def of(self, service: str) -> Iterable[dict[str, Any]]:
        """Return the tasks of a service, in any order; none when there is no such service."""

    def log(self, task: str, lines: int) -> str:
        """Return the end of a task's log."""


@dataclass
class Seen:
    """The newest trouble of one service.

    Attributes:
        error: Swarm's reason.
        log: the last lines of the task.
        task: its id.
    """

    error: str
    log: str = ""
    task: str = ""


@dataclass
class Watch:
    """Looks at the tasks of chosen services once a second, in a thread of its own.

    Attributes:
        connect: gives the Swarm's manager for as long as it is wanted.
        hide: takes secrets out of a text.
    """

    connect: Callable[[], AbstractContextManager[Tasks]]
    hide: Callable[[str], str]
    _seen: dict[str, Seen] = field(default_factory=dict)
    _before: dict[str, set[str]] = field(default_factory=dict)
    _services: set[str] = field(default_factory=set)
    _thread: threading.Thread | None = None
    _trouble: str = ""

    def begin(self, service: str) -> None:
        """Watch a service from now on."""
        self._services.add(service)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def end(self, service: str) -> None:
        """Stop watching a service: its change succeeded."""
        self._services.discard(service)

    def explain(self, service: str) -> str:
        """Return what was seen of a service, in a few lines."""
        seen = self._seen.get(service)
        if seen is None:
            return self._trouble or "no task of it failed while it was watched"
        lines = [f"task error: {seen.error}"]
        if seen.log:
            lines += ["its last log lines:", *(f"  {line}" for line in seen.log.splitlines())]
        return self.hide("\n".join(lines))

    def _run(self) -> None:
        pause = threading.Event()
        try:
            with self.connect() as tasks:
                while True:
                    for service in list(self._services):
                        self._look(tasks, service)
                    pause.wait(_POLL_S)
        except StepError as error:
            self._trouble = f"the host could not be watched: {error}"

    def _look(self, tasks: Tasks, service: str) -> None:
        found = list(tasks.of(service))
        # What had failed before the change began is not the change's fault.
        before = self._before.setdefault(
            service, {task["ID"] for task in found if task["Status"]["State"] in _BAD}
        )
        for task in sorted(found, key=lambda task: str(task["CreatedAt"])):
            error = task["Status"].get("Err", "")
            bad = task["Status"]["State"] in _BAD
            if task["ID"] in before or not (bad or error):
                continue
            seen = self._seen.get(service)
            if seen is not None and seen.task == task["ID"]:
                continue
            log = tasks.log(task["ID"], _LOG_LINES) if bad else ""
            if log or seen is None or not seen.log:
                self._seen[service] = Seen(error or "failed", log, task["ID"] if bad else "")
