"""Code that lives on the host: a source tree mounted on the runtime image, released by commit."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.workplace import ROOT
from tests.engine.stack import Stack, images, stack, tickets_config

pytestmark = pytest.mark.engine

NAME, PORT = "far3", 8382
WEB = f"{NAME}_web"
FIRST, SECOND = "1a1a1a1a1a1a", "2b2b2b2b2b2b"
RERUN = ("backup", "migrate", "auth-seed", "queues-ensure", "convex-deploy", "switch", "verify")


@dataclass
class FromSource:
    """A stack that runs a source tree."""

    stack: Stack
    tree: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FromSource]:
    folder = tmp_path_factory.mktemp("source")
    tree = folder / "tree"
    shutil.copytree(ROOT / "local/images/tickets/app", tree)
    config = tickets_config(NAME, port=PORT, by_clock=True)
    config["tickets"] |= {
        "image": images()["node22-bun"],
        "source": {"path": str(tree)},
        "release_sha": FIRST,
        "dashboard": None,
    }
    with stack(folder / "stack", NAME, config) as made:
        made.must_up()
        yield FromSource(made, tree)


def step_ids(made: Stack) -> dict[str, str]:
    """Step → id, another one after each run."""
    resources = made.state()["deployment"]["resources"]
    return {
        one["urn"].rpartition("::")[2].removeprefix(f"{NAME}-"): one["id"]
        for one in resources
        if one["type"] == "command:local:Command"
    }


def health(made: Stack) -> dict[str, object]:
    answer: dict[str, object] = made.get(f"tickets.{NAME}.localhost", "/api/health").json()
    return answer


def test_the_source_tree_serves(running: FromSource) -> None:
    assert health(running.stack)["release"] == FIRST
    assert (running.tree / "node_modules/convex").exists()


def test_a_second_up_from_the_same_commit_changes_nothing(running: FromSource) -> None:
    before = running.stack.tasks()
    assert all(before.values())
    done = running.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert running.stack.tasks() == before
    assert running.stack.drift() == ()


def test_a_new_commit_runs_every_step_and_restarts_the_web_application(
    running: FromSource,
) -> None:
    steps, tasks = step_ids(running.stack), running.stack.tasks()
    page = running.tree / "src/routes.mjs"
    page.write_text(page.read_text(encoding="utf-8").replace("Demonstration of", "Second of"))
    migration = running.tree / "prisma/migrations/20270101000000_second/migration.sql"
    migration.parent.mkdir()
    migration.write_text('CREATE TABLE "second" ("id" INTEGER PRIMARY KEY);\n')
    running.stack.set("tickets.release_sha", SECOND)
    running.stack.must_up()
    now = step_ids(running.stack)
    assert {step for step in now if now[step] != steps[step]} == set(RERUN)
    # The application refuses to start on a schema that lacks the second commit's table.
    assert health(running.stack)["release"] == SECOND
    assert "Second of" in running.stack.get(f"tickets.{NAME}.localhost").text
    after = running.stack.tasks()
    for restarted in (WEB, f"{NAME}_cron"):
        assert after.pop(restarted) != tasks.pop(restarted)
    assert after == tasks
