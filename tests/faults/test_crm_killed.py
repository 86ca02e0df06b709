"""Processes that die in the middle of a release of the CRM, under load; the next `up` ends it."""

from collections.abc import Callable

import pytest

from tests.engine.releases import release
from tests.engine.stack import wait_until
from tests.faults.crm import Crm, mode_of
from tests.faults.killing import at_work, bring_up
from tests.faults.scorecard import Row

pytestmark = pytest.mark.engine

ALWAYS = {("step", "migrate", "offline")}


def faults(who: str, words: str) -> list[object]:
    """One case per phase, in the mode that can lose more there; both at the switch."""
    cases = [
        *((phase, "offline") for phase in ("backup", "migrate", "seed", "switch")),
        *((phase, "online") for phase in ("trial", "switch", "verify")),
    ]
    return [
        pytest.param(
            phase,
            id=f"{phase}-{mode}",
            marks=pytest.mark.fault(
                f"{words} killed at {phase}", mode, always=(who, phase, mode) in ALWAYS
            ),
        )
        for phase, mode in cases
    ]


def moment(crm: Crm, phase: str) -> Callable[[], bool]:
    """What is to be seen in the Swarm while a phase is at work."""
    if phase == "trial":
        return lambda: f"{crm.stack.name}-backend-trial" in crm.running()
    if phase == "switch":
        return lambda: (crm.attempt() or {"version": {}})["version"].get("image") == crm.image()
    if phase == "verify":
        return lambda: True
    return lambda: any(name.startswith(f"{crm.stack.name}_{phase}") for name in crm.running())


def step_of(phase: str) -> str:
    """The step in which a phase happens."""
    return "switch" if phase == "trial" else phase


def must_be_whole(crm: Crm, row: Row, build: str) -> None:
    """What the next `make up` leaves: the release served, nothing lost, nothing to do."""
    assert crm.build() == build
    row.rows_lost = len(crm.rows_lost())
    assert row.rows_lost == 0
    assert crm.attempt() is None
    row.ended = f"killed, then {crm.journal()['history'][-1]['result']} by the next up"
    assert crm.stack.drift() == ()
    before = crm.stack.tasks()
    again = crm.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert again.code == 0, again.output
    assert crm.stack.tasks() == before
    assert all(len(tasks) == 1 for tasks in before.values())


@pytest.mark.parametrize("phase", faults("engine", "engine and all below it"))
def test_an_engine_that_is_killed_is_followed_by_one_that_ends_the_release(
    served: Crm, row: Row, phase: str
) -> None:
    build, checksum = f"engine-{phase}-{row.mode}", served.checksum()
    served.choose(release(build, image="crm"), mode_of(row))
    with served.under_load(build) as row.traffic:
        with at_work(served.stack, moment(served, phase), phase=step_of(phase)) as engine:
            engine.kill("all")
        done = bring_up(served.stack)
        assert done.code == 0, done.output
        wait_until(lambda: served.serves(build), 180)
    assert served.checksum() == checksum
    must_be_whole(served, row, build)


@pytest.mark.parametrize("phase", faults("step", "process of the step"))
def test_a_step_that_is_killed_is_followed_by_one_that_ends_the_release(
    served: Crm, row: Row, phase: str
) -> None:
    build, checksum = f"step-{phase}-{row.mode}", served.checksum()
    served.choose(release(build, image="crm"), mode_of(row))
    with served.under_load(build) as row.traffic:
        with at_work(served.stack, moment(served, phase), phase=step_of(phase)) as engine:
            assert engine.step is not None
            engine.step.kill()
        assert served.attempt() is not None
        done = bring_up(served.stack)
        assert done.code == 0, done.output
        wait_until(lambda: served.serves(build), 180)
    assert served.checksum() == checksum
    must_be_whole(served, row, build)


@pytest.mark.fault("engine and all below it killed at migrate, then another release", "offline")
def test_a_killed_release_is_undone_before_another_one_begins(served: Crm, row: Row) -> None:
    served.choose(release("undone", fault="slow-migration", image="crm"), mode_of(row))
    with served.under_load("undone") as row.traffic:
        with at_work(served.stack, served.migration_sleeps, phase="migrate") as engine:
            engine.kill("all")
        served.choose(release("instead", image="crm"), mode_of(row))
        done = bring_up(served.stack)
        assert done.code == 0, done.output
        wait_until(lambda: served.serves("instead"), 180)
    assert [one["result"] for one in served.journal()["history"][-2:]] == ["recovered", "released"]
    must_be_whole(served, row, "instead")
    row.ended = "killed, undone by the next up, which released another"


@pytest.mark.fault("engine and all below it killed at migrate, then another release", "online")
def test_a_killed_online_release_is_undone_before_another_one_begins(served: Crm, row: Row) -> None:
    served.choose(release("undone-on", fault="slow-live-migration", image="crm"), mode_of(row))
    with served.under_load("undone-on") as row.traffic:
        with at_work(served.stack, served.migration_sleeps, phase="migrate") as engine:
            engine.kill("all")
        served.choose(release("instead-on", image="crm"), mode_of(row))
        done = bring_up(served.stack)
        assert done.code == 0, done.output
        wait_until(lambda: served.serves("instead-on"), 180)
    assert row.traffic.lost == []
    assert [one["result"] for one in served.journal()["history"][-2:]] == ["recovered", "released"]
    must_be_whole(served, row, "instead-on")
    row.ended = "killed, undone by the next up, which released another"


@pytest.mark.fault("engine and all below it killed at a migration's copy", "online")
def test_what_a_killed_trial_of_a_migration_left_goes_with_the_next_release(
    served: Crm, row: Row
) -> None:
    prefix = f"{served.stack.name}_migrate"
    served.choose(release("copied", fault="slow-migration", image="crm"), mode_of(row))
    with served.under_load("copied") as row.traffic:
        with at_work(
            served.stack, lambda: f"{prefix}-on-copy" in served.running(), phase="migrate"
        ) as engine:
            engine.kill("all")
        assert f"{prefix}-copy" in served.running()
        served.choose(release("instead-copied", image="crm"), mode_of(row))
        done = bring_up(served.stack)
        assert done.code == 0, done.output
        wait_until(lambda: served.serves("instead-copied"), 180)
    assert row.traffic.lost == []
    assert not [name for name in served.running() if name.startswith(f"{prefix}-")]
    assert not served.stack.docker.networks.list(names=[f"{prefix}-copy"])
    must_be_whole(served, row, "instead-copied")
    row.ended = "killed, undone by the next up, which released another"


@pytest.mark.fault("two updates at once from one checkout", "online")
def test_of_two_updates_at_once_the_second_says_who_is_at_work(served: Crm, row: Row) -> None:
    served.choose(release("two", image="crm"), mode_of(row))
    with served.under_load("two") as row.traffic, served.starting() as first:
        wait_until(lambda: served.attempt() is not None, 120, every_s=0.1)
        plain, ours = served.up(), bring_up(served.stack)
        done = first()
    assert plain.code not in {0, None}
    assert "locked by" in plain.output
    assert ours.code not in {0, None}
    assert f"stack {served.stack.name} is being changed by " in ours.output
    assert done.code == 0, done.output
    must_be_whole(served, row, "two")
    assert row.traffic.lost == []
    row.ended = "released; the second was refused and told who is at work"
