"""Why a service could not be changed, from the tasks that were seen meanwhile."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ops.watch import Tasks, Watch
from steps.errors import HostError

WEB = "sistema_web"


class FakeTasks:
    """A Swarm whose tasks a test writes down."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.logs: dict[str, str] = {}
        self.looks = 0

    def of(self, service: str) -> Iterable[dict[str, Any]]:
        self.looks += 1
        return [task for task in self.tasks if task["service"] == service]

    def log(self, task: str, lines: int) -> str:
        return "\n".join(self.logs.get(task, "").splitlines()[-lines:])

    def task(self, id_: str, state: str, *, error: str = "", log: str = "") -> None:
        """Let a task come to be in a state."""
        self.tasks = [one for one in self.tasks if one["ID"] != id_]
        created = f"2026-01-01T00:00:{len(self.tasks):02}Z"
        status = {"State": state, "Err": error}
        self.tasks.append({"ID": id_, "service": WEB, "CreatedAt": created, "Status": status})
        self.logs[id_] = log

    def seen(self) -> None:
        """Wait until the watch has looked at all that is there now."""
        until(lambda start=self.looks: self.looks > start + 1)  # type: ignore[misc]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def watch_of(tasks: Tasks, secret: str = "") -> Watch:
    @contextmanager
    def connect() -> Iterator[Tasks]:
        yield tasks

    return Watch(connect, lambda text: text.replace(secret, "***") if secret else text, 0.01)


def test_a_failed_task_is_explained_by_its_error_and_its_last_lines() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "failed", error="task: non-zero exit (1)", log="starting\nno database")
    tasks.seen()
    assert watch.explain(WEB).splitlines() == [
        "task error: task: non-zero exit (1)",
        "its last log lines:",
        "  starting",
        "  no database",
    ]


def test_what_had_failed_before_is_not_blamed_on_the_change() -> None:
    tasks = FakeTasks()
    tasks.task("old", "failed", error="task: non-zero exit (9)", log="long ago")
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.seen()
    assert watch.explain(WEB) == "no task of it failed while it was watched"


def test_a_task_that_fails_at_once_is_not_taken_for_an_old_one() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "rejected", error="No such image: app@sha256:0")
    tasks.seen()
    assert watch.explain(WEB) == "task error: No such image: app@sha256:0"


def test_a_task_that_was_stopped_for_its_health_shows_no_error_and_is_explained() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "starting")
    tasks.seen()
    tasks.task("new", "complete", log="GET / 500")
    tasks.seen()
    assert watch.explain(WEB).splitlines() == [
        "task error: its health check never passed, so it was stopped",
        "its last log lines:",
        "  GET / 500",
    ]


def test_a_task_that_ends_by_itself_is_explained() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "running")
    tasks.seen()
    tasks.task("new", "complete", log="bye")
    tasks.seen()
    assert "ended with exit code 0" in watch.explain(WEB)


def test_a_task_that_is_replaced_is_no_trouble() -> None:
    tasks = FakeTasks()
    tasks.task("old", "running")
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("old", "shutdown")
    tasks.task("new", "running")
    tasks.seen()
    assert watch.explain(WEB) == "no task of it failed while it was watched"


def test_the_reason_outlives_the_service() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "failed", error="task: non-zero exit (1)", log="no database")
    tasks.seen()
    tasks.tasks.clear()
    tasks.seen()
    assert "no database" in watch.explain(WEB)
    assert not watch.runs(WEB)


def test_a_reason_with_a_log_is_kept_over_one_without() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("first", "failed", error="task: non-zero exit (1)", log="no database")
    tasks.seen()
    tasks.task("second", "pending", error="no suitable node")
    tasks.seen()
    assert "no database" in watch.explain(WEB)


def test_a_task_that_cannot_be_placed_is_a_reason_too() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    tasks.task("new", "pending", error="no suitable node (insufficient resources on 1 node)")
    tasks.seen()
    assert "insufficient resources" in watch.explain(WEB)


def test_what_is_shown_has_few_short_lines_and_no_secret() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks, secret="hunter2")
    watch.begin(WEB)
    log = "\n".join(f"{number} hunter2 {'x' * 5000}" for number in range(100))
    tasks.task("new", "failed", error="task: non-zero exit (1)", log=log)
    tasks.seen()
    lines = watch.explain(WEB).splitlines()
    assert len(lines) <= 10
    assert lines[-1].startswith("  99 *** xxx")
    assert max(len(line) for line in lines) <= 300


def test_whether_something_runs_is_known() -> None:
    tasks = FakeTasks()
    tasks.task("old", "running")
    watch = watch_of(tasks)
    watch.begin(WEB)
    assert watch.runs(WEB)
    tasks.task("old", "shutdown")
    tasks.seen()
    assert not watch.runs(WEB)


def test_a_service_is_not_watched_after_its_change() -> None:
    tasks = FakeTasks()
    watch = watch_of(tasks)
    watch.begin(WEB)
    watch.end(WEB)
    before = tasks.looks
    time.sleep(0.1)
    assert tasks.looks <= before + 1


def test_a_host_that_cannot_be_watched_is_said_and_holds_nothing_up() -> None:
    @contextmanager
    def connect() -> Iterator[Tasks]:
        raise HostError("The ssh connection failed.", why="refused", state="Unchanged.", todo="-")
        yield FakeTasks()

    watch = Watch(connect, lambda text: text, 0.01)
    start = time.monotonic()
    watch.begin(WEB)
    assert time.monotonic() - start < 5
    assert watch.explain(WEB) == (
        "the host could not be watched: The ssh connection failed. refused"
    )
