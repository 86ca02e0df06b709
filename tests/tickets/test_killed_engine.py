"""An engine that is killed at any moment: the next `make up` finishes the work, data intact."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import docker.errors
import pytest

from tests.engine.releases import release
from tests.engine.stack import Stack, stack, tickets_config
from tests.faults.killing import Who, at_work, bring_up, kill_when
from tests.inside import tell

pytestmark = pytest.mark.engine

NAME = "fault3"
KEEP = """
INSERT OR IGNORE INTO "session" ("token", "user_id") SELECT 'kept-' || "id", "id" FROM "user"
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Nothing is there yet: the first up is what the first test kills."""
    config = tickets_config(NAME, port=8288)
    with stack(tmp_path_factory.mktemp(NAME), NAME, config) as it:
        yield it


class Moments:
    """What can be seen of a running update in the Swarm."""

    def __init__(self, stack: Stack) -> None:
        self._docker = stack.docker

    def service(self, name: str) -> Callable[[], bool]:
        """A service exists."""
        return lambda: self._service(name) is not None

    def job(self, name: str) -> Callable[[], bool]:
        """A job is at work, or has been since now: one of an earlier release stays for its log."""
        before = self._tasks(name)
        return lambda: not self._tasks(name) <= before

    def switching(self, name: str, image: str) -> Callable[[], bool]:
        """A service is being changed to an image."""

        def switches() -> bool:
            # From a stopped service Swarm reports no update, so the specification has to tell.
            service = self._service(name) or {"Spec": {}}
            return image in str(service["Spec"])

        return switches

    def made(self, kind: Literal["networks", "secrets"]) -> Callable[[], bool]:
        """There is something of a kind with the stack's label."""
        objects = getattr(self._docker, kind)
        return lambda: bool(objects.list(filters={"label": f"estate.stack={NAME}"}))

    def _tasks(self, name: str) -> set[str]:
        try:
            return {task["ID"] for task in self._docker.api.tasks({"service": name})}
        except docker.errors.NotFound:
            return set()

    def _service(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._docker.api.inspect_service(name)
        except docker.errors.NotFound:
            return None
        return found


def sql(stack: Stack, statement: str) -> list[dict[str, Any]]:
    """Run a statement in the web application's database; return the rows."""
    (task,) = stack.docker.containers.list(filters={"name": f"{NAME}_web.1."}, ignore_removed=True)
    program = (
        "const {DatabaseSync} = require('node:sqlite');"
        "const rows = new DatabaseSync('/app/data/db.sqlite').prepare(process.argv[1]).all();"
        "process.stdout.write(JSON.stringify(rows));"
    )
    command = ["node", "--disable-warning=ExperimentalWarning", "-e", program, statement]
    rows: list[dict[str, Any]] = json.loads(tell(task, *command))
    return rows


def build(stack: Stack) -> str:
    """The build that answers through the edge."""
    answer = stack.get(f"tickets.{NAME}.localhost", "/api/health")
    return str(answer.json()["build"])


def must_be_whole(stack: Stack) -> None:
    """The next `make up` ends well, and leaves nothing to do."""
    done = bring_up(stack)
    assert done.code == 0, done.output
    before = stack.tasks()
    assert stack.drift() == ()
    again = stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert again.code == 0, again.output
    assert stack.tasks() == before
    assert all(len(tasks) == 1 for tasks in before.values())


def test_an_engine_at_work_is_left_alone_and_named(killed: Stack) -> None:
    moment = Moments(killed).made("secrets")
    with at_work(killed, moment) as engine:
        second = bring_up(killed)
        engine.kill("all")
    assert second.code != 0
    assert f"stack {NAME} is being changed by " in second.output
    assert f"(pid {engine.pid}) since " in second.output


def test_a_first_up_that_is_killed_again_and_again_is_finished(killed: Stack) -> None:
    moments = Moments(killed)
    kill_when(killed, moments.job(f"{NAME}_migrate"), "engine")
    kill_when(killed, moments.service(f"{NAME}_web"), "all")
    must_be_whole(killed)
    assert build(killed) == "demo"


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param((("backup", "engine"),), id="twice"),
        pytest.param(
            (("backup", "engine"), ("auth-seed", "all"), ("convex-deploy", "all")),
            id="in every phase",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_release_that_is_killed_again_and_again_is_finished(
    killed: Stack, jobs: tuple[tuple[str, Who], ...]
) -> None:
    moments, name = Moments(killed), f"k{len(jobs)}"
    sql(killed, KEEP)
    users = sql(killed, 'SELECT * FROM "user" ORDER BY "id"')
    killed.set("tickets.image", release(name))
    for job, who in jobs:
        kill_when(killed, moments.job(f"{NAME}_{job}"), who)
    kill_when(killed, moments.switching(f"{NAME}_web", release(name)), "engine")
    must_be_whole(killed)
    assert build(killed) == name
    assert users
    assert sql(killed, 'SELECT * FROM "user" ORDER BY "id"') == users
    kept = sql(killed, """SELECT * FROM "session" WHERE "token" LIKE 'kept%'""")
    assert len(kept) == len(users)
