"""Watches services while the engine changes them, so that a failure can be explained.

Neither the provider's error nor the Swarm keeps the reason: a failed create removes the service
with its tasks and their logs, and a roll-back leaves only the old task in sight.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from steps.errors import StepError

_POLL_S = 1.0
_FIRST_LOOK_S = 20.0
"""An ssh tunnel may take 15 s; a service is not kept waiting longer for being watched."""
_LOG_LINES = 8
_WIDTH = 300
"""Longest line of a log that is shown, in characters."""
_ENDED = ("complete", "failed", "rejected", "orphaned")
"""Final states of a task that nobody asked to end; one that was replaced is `shutdown`."""


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
        poll_s: seconds between two looks.
    """

    connect: Callable[[], AbstractContextManager[Tasks]]
    hide: Callable[[str], str]
    poll_s: float = _POLL_S
    _seen: dict[str, Seen] = field(default_factory=dict)
    _before: dict[str, set[str]] = field(default_factory=dict)
    _running: set[str] = field(default_factory=set)
    _states: dict[str, str] = field(default_factory=dict)
    _services: dict[str, threading.Event] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _trouble: str = ""

    def begin(self, service: str) -> None:
        """Watch a service from now on; return once its tasks of before are known."""
        looked = self._services[service] = threading.Event()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        # Without this a task that fails at once would pass for one that had failed before.
        looked.wait(_FIRST_LOOK_S)

    def end(self, service: str) -> None:
        """Stop watching a service: its change succeeded."""
        self._services.pop(service, None)

    def explain(self, service: str) -> str:
        """Return what was seen of a service, in a few lines."""
        seen = self._seen.get(service)
        if seen is None:
            return self._trouble or "no task of it failed while it was watched"
        lines = [f"task error: {seen.error}"]
        if seen.log:
            shown = self.hide(seen.log).splitlines()[-_LOG_LINES:]
            lines += ["its last log lines:", *(f"  {line}" for line in shown)]
        return "\n".join(self.hide(line)[:_WIDTH] for line in lines)

    def runs(self, service: str) -> bool:
        """Whether a task of a service ran when it was last looked at."""
        return service in self._running

    def _run(self) -> None:
        pause = threading.Event()
        try:
            with self.connect() as tasks:
                while True:
                    for service, looked in list(self._services.items()):
                        self._look(tasks, service)
                        looked.set()
                    pause.wait(self.poll_s)
        except StepError as error:
            self._trouble = f"the host could not be watched: {error.what} {error.why}"
            for looked in list(self._services.values()):
                looked.set()

    def _look(self, tasks: Tasks, service: str) -> None:
        found = sorted(tasks.of(service), key=lambda task: str(task["CreatedAt"]))
        if any(task["Status"]["State"] == "running" for task in found):
            self._running.add(service)
        else:
            self._running.discard(service)
        # Tasks of before the change are not the change's fault.
        before = self._before.setdefault(service, {task["ID"] for task in found})
        for task in found:
            if task["ID"] not in before:
                self._judge(tasks, service, task)
                self._states[task["ID"]] = task["Status"]["State"]

    def _judge(self, tasks: Tasks, service: str, task: Mapping[str, Any]) -> None:
        ended = task["Status"]["State"] in _ENDED
        reason = _reason(task["Status"], self._states.get(task["ID"], ""))
        seen = self._seen.get(service)
        if not reason or (seen is not None and seen.task == task["ID"]):
            return
        log = tasks.log(task["ID"], _LOG_LINES) if ended else ""
        if log or seen is None or not seen.log:
            self._seen[service] = Seen(reason, log, task["ID"] if ended else "")


def _reason(status: Mapping[str, Any], before: str) -> str:
    """Return why a task is in trouble, empty when it is not.

    Args:
        status: of the task.
        before: the state in which it was seen last.
    """
    error = str(status.get("Err", ""))
    if error or status["State"] not in _ENDED:
        return error
    if status["State"] != "complete":
        return "failed"
    # Swarm stops an unhealthy task like any other, and one that ends with 0 shows no error. Until
    # its first good health check a task is `starting`.
    if before == "starting":
        return "its health check never passed, so it was stopped"
    code = (status.get("ContainerStatus") or {}).get("ExitCode", 0)
    return f"it ended with exit code {code}, though a service has to go on"
