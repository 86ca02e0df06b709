"""Data put back by hand, against a Swarm in memory: done, undone, and gone on from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from steps import backups
from steps.backups import RefusedError
from steps.context import Context
from steps.errors import ReleaseError, WebError
from steps.job_spec import JOB_LABEL
from steps.release import by_hand
from steps.release.by_hand import Choice, choice, put_back, restore, take_back_data
from steps.release.ground import Ground
from steps.release.journal import Result, Version
from steps.release.store import Store
from tests.unit.release_swarm import StillClock
from tests.unit.test_release_advance import NEW, OLD, World, failure, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.backups import BackupPlan

CHOSEN = Choice(copies={"uploads": "f0"}, keep=9)
TARGET = Version(release="new", image=NEW)


class HandWorld(World):
    """Knows two copies: f0, which is older, and f1, which is taken of what is there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.plans: list[BackupPlan] = []
        self.dies = False
        monkeypatch.setattr(by_hand, "verify", self._verify)

    def ground(self, image: str = OLD) -> Ground:
        context = Context(clock=StillClock(), stderr=self.stderr)
        store = Store(self.swarm, "crm")
        return Ground(plan=plan(image=image), swarm=self.swarm, store=store, context=context)

    @property
    def now(self) -> str:
        return f"{self.swarm.image('crm-backend')}, {self.swarm.replicas('crm-backend')} task"

    def _take(self, *given: object) -> tuple[object, ...]:
        made = given[1]
        assert isinstance(made, backups.BackupPlan)
        self.plans.append(made)
        return super()._take(*given)

    def _restore(
        self, _swarm: object, _plan: object, chosen: Mapping[str, str], *_: object
    ) -> tuple[object, ...]:
        assert "crm_migrate" not in self.swarm.services
        assert self.swarm.replicas("crm-backend") == 0
        assert self.swarm.replicas("crm-cron") == 0
        self.data = {"f0": "older", "f1": "before"}[chosen["uploads"]]
        self._fault(f"restore {self.data}")
        if self.dies:
            raise KeyboardInterrupt
        return (SimpleNamespace(source="uploads", file=chosen["uploads"], tables={"messages": 3}),)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> HandWorld:
    return HandWorld(monkeypatch)


def test_a_restore_copies_what_is_there_first_and_ends_seen_from_outside(world: HandWorld) -> None:
    restore(world.ground(), CHOSEN)
    assert world.did == ["backup", "restore older", "migrate", "seed", "verify"]
    assert world.now == f"{OLD}, 1 task"
    assert world.swarm.replicas("crm-cron") == 1
    (record,) = world.journal.history
    assert (record.result, record.step, record.backups) == (
        Result.RESTORED,
        None,
        {"uploads": "f1"},
    )
    assert "3 rows" in record.now
    assert world.journal.attempt is None
    assert world.journal.serving is None


def test_nothing_that_is_kept_goes_when_what_is_there_is_copied(world: HandWorld) -> None:
    kept = tuple(backups.Copy(source="uploads", kind="folder", file=str(n)) for n in range(7))
    restore(world.ground(), choice({"uploads": "f0"}, 5, kept))
    assert [one.keep for one in world.plans] == [8]


def test_data_that_does_not_serve_is_taken_away_again(world: HandWorld) -> None:
    world.faults["verify"] = WebError("no answer", why="HTTP 500", state="", todo="look")
    with pytest.raises(ReleaseError, match="the restore failed: recovered"):
        restore(world.ground(), CHOSEN)
    assert world.did[-2:] == ["verify", "restore before"]
    assert world.data == "before"
    assert world.now == f"{OLD}, 1 task"
    assert world.journal.history[-1].result is Result.RECOVERED


def test_a_database_that_is_down_stops_a_restore_before_anything_is_replaced(
    world: HandWorld,
) -> None:
    down = RefusedError("no backup of database", why="no Postgres answers", state="", todo="look")
    down.code, down.source = "unreachable", "uploads"
    world.faults["backup"] = down
    with pytest.raises(ReleaseError) as caught:
        restore(world.ground(), CHOSEN)
    assert world.did == ["backup"]
    assert "no Postgres answers" in caught.value.why
    assert world.now == f"{OLD}, 1 task"


@pytest.mark.parametrize("code", ["missing", "damaged"])
def test_data_that_cannot_be_copied_may_be_replaced(world: HandWorld, code: str) -> None:
    lost = RefusedError("no backup", why="it is gone", state="", todo="restore it")
    lost.code, lost.source = code, "uploads"
    world.faults["backup"] = lost
    restore(world.ground(), CHOSEN)
    assert world.data == "after seed"
    assert world.journal.history[-1].result is Result.RESTORED
    assert "it is gone" in world.stderr.getvalue()


def test_data_that_cannot_be_copied_and_stays_is_a_failure(world: HandWorld) -> None:
    lost = RefusedError("no backup", why="it is gone", state="", todo="restore it")
    lost.code, lost.source = "missing", "another"
    world.faults["backup"] = lost
    with pytest.raises(ReleaseError, match="recovered"):
        restore(world.ground(), CHOSEN)


def test_a_restore_that_was_killed_is_taken_back_by_whatever_comes_next(world: HandWorld) -> None:
    world.dies = True
    with pytest.raises(KeyboardInterrupt):
        restore(world.ground(), CHOSEN)
    assert world.now == f"{OLD}, 0 task"
    world.dies = False
    world.run()
    assert world.did[2] == "restore before"
    assert [one.result for one in world.journal.history] == [Result.RECOVERED, Result.RELEASED]


def test_a_migration_that_a_killed_restore_left_going_is_ended_before_the_data_is_taken_back(
    world: HandWorld,
) -> None:
    world.faults["migrate"] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        restore(world.ground(), CHOSEN)
    world.swarm.place("crm_migrate", "app", labels={JOB_LABEL: "true"})
    world.faults.clear()
    world.run()
    assert world.did[2:4] == ["migrate", "restore before"]
    assert "crm_migrate" not in world.swarm.services


def test_without_the_service_nothing_is_begun(world: HandWorld) -> None:
    del world.swarm.services["crm-backend"]
    with pytest.raises(ReleaseError, match="is not there"):
        restore(world.ground(), CHOSEN)
    assert world.journal.attempt is None


def test_the_release_that_follows_goes_on_from_the_data_taken_back(world: HandWorld) -> None:
    take_back_data(world.ground(), TARGET, CHOSEN)
    assert world.data == "older"
    assert world.now == f"{OLD}, 0 task"
    world.run(image=NEW)
    # One backup, of the data before it all.
    assert world.did == ["backup", "restore older", "migrate", "seed", "verify", "verify"]
    assert world.now == f"{NEW}, 1 task"
    assert world.journal.serving == TARGET
    assert world.journal.history[-1].backups == {"uploads": "f1"}


def test_the_release_that_follows_does_not_wait_for_the_process_that_waits_for_it(
    world: HandWorld,
) -> None:
    take_back_data(world.ground(), TARGET, CHOSEN)
    assert world.journal.attempt is not None
    assert world.journal.attempt.holder is None


def test_the_release_that_follows_and_fails_puts_the_data_back(world: HandWorld) -> None:
    take_back_data(world.ground(), TARGET, CHOSEN)
    world.faults["migrate"] = failure()
    with pytest.raises(ReleaseError, match="recovered"):
        world.run(image=NEW)
    assert world.data == "before"
    assert world.now == f"{OLD}, 1 task"


def test_an_update_that_never_came_to_the_release_is_undone(world: HandWorld) -> None:
    take_back_data(world.ground(), TARGET, CHOSEN)
    assert put_back(world.ground(), TARGET, "the registry is away")
    assert world.data == "before"
    assert world.now == f"{OLD}, 1 task"
    record = world.journal.history[-1]
    assert (record.result, record.why) == (Result.RECOVERED, "the registry is away")
    assert not put_back(world.ground(), TARGET, "again")


def test_what_was_left_open_is_undone_before_data_is_taken_back(world: HandWorld) -> None:
    take_back_data(world.ground(), Version(release="r", image="x"), CHOSEN)
    take_back_data(world.ground(), TARGET, CHOSEN)
    assert world.did == ["backup", "restore older", "restore before", "backup", "restore older"]
    assert world.journal.attempt is not None
    assert world.journal.attempt.writers["crm-backend"]["Mode"] == {"Replicated": {"Replicas": 1}}
