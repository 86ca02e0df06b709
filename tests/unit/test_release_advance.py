"""The transaction against a Swarm in memory: what is done, undone and written down."""

from __future__ import annotations

import io
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

import pytest
import requests

from steps import backups
from steps.context import Context
from steps.errors import BackupError, HalfAppliedError, JobError, ReleaseError, WebError
from steps.job_spec import JOB_LABEL
from steps.release import advance as advance_module
from steps.release import phases, trial, way_back
from steps.release.advance import advance
from steps.release.ground import Ground
from steps.release.journal import Holder, Journal, Result
from steps.release.plan import Plan, Work
from steps.release.store import Store
from tests.unit.release_swarm import MemorySwarm, StillClock

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD, NEW, SICK = "app@sha256:old", "app@sha256:new", "app@sha256:sick"
JOB = {"name": "crm_x", "image": NEW, "command": ["true"]}
SERVICE = {
    "name": "crm-backend",
    "labels": {"traefik.http.routers.crm-backend.rule": "Host(`api.localhost`)"},
    "stop_signal": "SIGTERM",
    "stop_grace_s": 10,
    "health": {"test": ["CMD"], "interval_s": 1, "timeout_s": 1, "retries": 1, "start_period_s": 1},
    "networks": [{"name": "net"}],
    "memory_limit": 1,
    "memory_reservation": 1,
    "restart_delay_s": 5,
    "log_options": {},
    "update": {"order": "start-first", "failure_action": "rollback", "monitor_s": 1},
    "rollback": {"order": "start-first", "failure_action": "pause", "monitor_s": 1},
    "patience_s": 5,
}
NAMES = ["backup", "migrate", "seed", "switch", "verify"]
Mode = Literal["online", "offline"]


def plan(until: str = "verify", *, image: str = NEW, mode: Mode = "online") -> Plan:
    given: dict[str, Mapping[str, object]] = {
        "backup": {
            "kind": "backup",
            "plan": {
                "job": {"name": "crm_backup", "image": "tools"},
                "volume": "crm_backups",
                "keep": 5,
                "release": "r",
                "sources": [{"kind": "folder", "name": "uploads", "volume": "crm_uploads"}],
                "timeout_s": 60,
            },
        },
        "migrate": {"kind": "job", "what": "migrate", "job": JOB, "timeout_s": 60},
        "seed": {"kind": "job", "what": "seed", "job": JOB, "timeout_s": 60},
        "switch": {"kind": "switch", "service": {**SERVICE, "image": image}},
        "verify": {"kind": "commit"},
    }
    wanted = NAMES[: NAMES.index(until) + 1]
    return Plan.model_validate(
        {
            "docker": {"url": "unix:///var/run/docker.sock"},
            "app": "crm",
            "release": image.partition(":")[2],
            "image": image,
            "mode": mode,
            "service": "crm-backend",
            "writers": ["crm-backend", "crm-cron"],
            "verify": {
                "questions": [{"url": "http://api.localhost"}],
                "attempts": 1,
                "interval_s": 0,
            },
            "phases": [{"name": name, **given[name]} for name in wanted],
        },
        strict=False,
    )


class World:
    """What the phases do outside the Swarm, with a fault where a test asks for one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.swarm = MemorySwarm()
        self.swarm.place("crm-backend", OLD)
        self.swarm.place("crm-cron", "cron")
        self.did: list[str] = []
        self.data = "before"
        self.faults: dict[str, Exception] = {}
        self.asked: list[str | None] = []
        self.unseen = False
        self.expired = False
        self._cuts: dict[str, int] = {}
        self.stderr = io.StringIO()
        monkeypatch.setattr(backups, "take", self._take)
        monkeypatch.setattr(backups, "rehearse", self._rehearse)
        monkeypatch.setattr(backups, "restore", self._restore)
        monkeypatch.setattr(phases, "run_job", self._job)
        monkeypatch.setattr(phases, "verify", self._verify)
        monkeypatch.setattr(trial, "verify", self._verify)
        monkeypatch.setattr(advance_module, "refuse_expired", self._refuse_expired)
        monkeypatch.setattr(way_back, "verify", self._verify)

    def run(self, *, image: str = NEW, mode: Mode = "online", until: str = "verify") -> None:
        """Run every phase up to one, each in a process of its own, as the engine does."""
        for name in NAMES[: NAMES.index(until) + 1]:
            self.step(name, image=image, mode=mode)

    def step(self, name: str, *, image: str = NEW, mode: Mode = "online") -> None:
        context = Context(clock=StillClock(), stderr=self.stderr)
        store = Store(self.swarm, "crm")
        given = plan(name, image=image, mode=mode)
        advance(Ground(plan=given, swarm=self.swarm, store=store, context=context))

    @property
    def journal(self) -> Journal:
        return Store(self.swarm, "crm").journal

    def cut(self, what: str, *, times: int = 10**6) -> None:
        """Have the connection break in a phase, for some calls."""
        self.faults[what] = requests.ConnectionError("no daemon")
        self._cuts = {what: times}

    def _fault(self, what: str) -> None:
        self.did.append(what)
        self.swarm.unreachable = self._cuts.pop(what, self.swarm.unreachable)
        if what in self.faults:
            raise self.faults[what]

    def _take(self, *_: object) -> tuple[object, ...]:
        self._fault("backup")
        copy = SimpleNamespace(
            source="uploads",
            file="f1",
            state="proven",
            model_dump=lambda **_: {"file": "f1"},
        )
        return (copy,)

    def _rehearse(self, *_: object) -> None:
        assert self.swarm.replicas("crm-backend") == 1
        assert self.swarm.replicas("crm-cron") == 1
        self._fault("rehearsal")

    def _restore(
        self, _swarm: object, _plan: object, chosen: Mapping[str, str], *_: object
    ) -> tuple[object, ...]:
        self._fault("restore")
        assert "crm_migrate" not in self.swarm.services
        assert chosen == {"uploads": "f1"}
        assert self.swarm.replicas("crm-backend") == 0
        assert self.swarm.replicas("crm-cron") == 0
        self.data = "before"
        return (SimpleNamespace(tables={"messages": 7}),)

    def _job(self, phase: Work, *_: object) -> dict[str, object]:
        self.data = f"after {phase.name}"
        self._fault(phase.name)
        return {}

    def _refuse_expired(self, *_: object) -> None:
        if self.expired:
            raise WebError("expired", why="since yesterday", state="", todo="renew it")

    def _verify(self, *_: object, release: str | None, token: str | None = None) -> object:
        self.asked.append(release)
        tried = "crm-backend-trial" in self.swarm.services
        name = "crm-backend-trial" if tried else "crm-backend"
        rule = self.swarm.services[name]["Spec"]["Labels"][f"traefik.http.routers.{name}.rule"]
        assert (token is not None) == ("Header(" in rule)
        if release is not None:
            self._fault("trial" if tried else "verify")
        elif self.unseen:
            raise WebError("unseen", why="certificate has expired", state="", todo="")
        return {"attempts": 1, "seconds": 0.1}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def failure() -> JobError:
    return JobError("it failed", why="because", state="so", todo="mend it")


def test_a_good_release_goes_through_every_phase_once_and_is_written_down(world: World) -> None:
    world.run()
    assert world.did == ["backup", "migrate", "seed", "trial", "verify", "verify"]
    assert world.swarm.image("crm-backend") == NEW
    assert list(world.swarm.services) == ["crm-backend", "crm-cron"]
    assert world.journal.attempt is None
    assert [record.result for record in world.journal.history] == [Result.RELEASED]
    assert world.journal.serving is not None
    assert world.journal.serving.image == NEW


def test_without_a_backup_nothing_else_happens(world: World) -> None:
    world.faults["backup"] = BackupError("no", why="disk full", state="", todo="free space")
    with pytest.raises(ReleaseError) as caught:
        world.run()
    assert world.did == ["backup"]
    assert world.swarm.image("crm-backend") == OLD
    assert "refused" in caught.value.what
    assert "disk full" in caught.value.why


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_behind_an_expired_certificate_nothing_is_begun(world: World, mode: Mode) -> None:
    world.expired = True
    with pytest.raises(ReleaseError, match="failed at backup: refused") as caught:
        world.run(mode=mode)
    assert "since yesterday" in caught.value.why
    assert caught.value.todo == "renew it"
    assert (world.did, world.swarm.seen) == ([], [])
    assert world.journal.attempt is None


def test_a_certificate_that_expires_under_way_is_left_to_the_verification(world: World) -> None:
    world.step("backup")
    world.step("migrate")
    world.expired = True
    for name in ("seed", "switch", "verify"):
        world.step(name)
    assert world.journal.history[-1].result is Result.RELEASED


def test_offline_a_backup_that_would_fail_stops_nobody(world: World) -> None:
    world.faults["rehearsal"] = BackupError("no", why="disk full", state="", todo="free space")
    with pytest.raises(ReleaseError) as caught:
        world.run(mode="offline")
    assert world.did == ["rehearsal"]
    assert not world.swarm.seen
    assert "failed at backup: refused" in caught.value.what
    assert "disk full" in caught.value.why


def test_offline_the_backup_is_rehearsed_once_and_made_after_the_stop(world: World) -> None:
    world.run(mode="offline")
    assert world.did[:3] == ["rehearsal", "backup", "migrate"]
    assert world.did.count("rehearsal") == 1


@pytest.mark.parametrize("phase", ["migrate", "seed"])
def test_a_failure_before_the_switch_leaves_an_online_service_alone(
    world: World, phase: str
) -> None:
    world.faults[phase] = failure()
    with pytest.raises(ReleaseError):
        world.run()
    assert not [one for one in world.swarm.seen if one[0] == "crm-backend"]
    assert world.journal.history[-1].result is Result.RECOVERED
    assert world.journal.history[-1].step == phase
    assert world.asked == [None]


@pytest.mark.parametrize("phase", ["migrate", "seed", "verify"])
def test_offline_a_failure_puts_back_data_and_image(world: World, phase: str) -> None:
    world.faults[phase] = failure()
    with pytest.raises(ReleaseError) as caught:
        world.run(mode="offline")
    assert world.data == "before"
    assert world.swarm.image("crm-backend") == OLD
    assert world.swarm.replicas("crm-backend") == 1
    assert world.swarm.replicas("crm-cron") == 1
    assert "7 rows" in caught.value.state
    assert len(caught.value.render().splitlines()) < 20


def test_offline_nobody_but_us_reaches_the_new_release_before_it_counts(world: World) -> None:
    world.run(mode="offline")
    assert world.swarm.services["crm-backend"]["Spec"]["Labels"] == SERVICE["labels"]
    assert world.swarm.replicas("crm-cron") == 1


def test_a_sick_image_is_replaced_by_the_old_one_with_its_log_in_the_message(world: World) -> None:
    with pytest.raises(ReleaseError) as caught:
        world.run(image=SICK)
    assert world.swarm.image("crm-backend") == OLD
    assert "it is sick" in caught.value.why
    assert world.journal.history[-1].result is Result.RECOVERED


def test_a_release_that_is_wrong_outside_is_never_met_by_anybody(world: World) -> None:
    world.faults["trial"] = WebError("wrong", why="HTTP 500", state="", todo="correct it")
    with pytest.raises(ReleaseError) as caught:
        world.run()
    assert "failed at switch: recovered" in caught.value.what
    assert "HTTP 500" in caught.value.why
    assert [name for name, _, _ in world.swarm.seen if name == "crm-backend"] == []
    assert list(world.swarm.services) == ["crm-backend", "crm-cron"]


def test_a_sick_image_is_never_met_by_anybody(world: World) -> None:
    with pytest.raises(ReleaseError, match="crm-backend-trial does not serve"):
        world.run(image=SICK)
    assert [name for name, _, _ in world.swarm.seen if name == "crm-backend"] == []
    assert list(world.swarm.services) == ["crm-backend", "crm-cron"]


@pytest.mark.parametrize("image", [NEW, SICK])
def test_a_trial_that_a_killed_run_has_left_goes_with_the_next(world: World, image: str) -> None:
    world.faults["trial"] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(trial, "end", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            world.run()
    assert "crm-backend-trial" in world.swarm.services
    world.faults.clear()
    if image == NEW:
        world.run()
    else:
        # Another one is wanted now, and fails.
        with pytest.raises(ReleaseError):
            world.run(image=image)
    assert list(world.swarm.services) == ["crm-backend", "crm-cron"]


def test_after_a_failure_the_same_release_starts_from_its_first_phase(world: World) -> None:
    world.faults["verify"] = failure()
    with pytest.raises(ReleaseError):
        world.run(mode="offline")
    world.faults.clear()
    world.did.clear()
    # The engine has recorded what succeeded, and asks for the failed phase alone.
    world.step("switch", mode="offline")
    world.step("verify", mode="offline")
    assert world.did == ["rehearsal", "backup", "migrate", "seed", "verify", "verify"]
    assert world.swarm.image("crm-backend") == NEW


@pytest.mark.parametrize("mode", ["online", "offline"])
@pytest.mark.parametrize("died", NAMES[:-1])
def test_a_run_that_was_killed_is_finished_by_the_next(world: World, died: str, mode: Mode) -> None:
    world.faults["verify" if died == "switch" else died] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run(mode=mode)
    world.faults.clear()
    world.run(mode=mode)
    assert world.journal.attempt is None
    assert world.swarm.image("crm-backend") == NEW
    assert world.swarm.replicas("crm-backend") == 1


def test_a_killed_release_is_undone_before_another_one_begins(world: World) -> None:
    world.faults["seed"] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run(image=SICK, mode="offline")
    world.faults.clear()
    world.did.clear()
    world.run(mode="offline")
    assert world.did[:3] == ["restore", "rehearsal", "backup"]
    assert [one.result for one in world.journal.history] == [Result.RECOVERED, Result.RELEASED]


def test_when_the_way_back_fails_too_the_next_run_tries_it_first(world: World) -> None:
    world.faults |= {"seed": failure(), "restore": failure()}
    with pytest.raises(ReleaseError) as caught:
        world.run(mode="offline")
    assert "fatal" in caught.value.what
    assert world.journal.attempt is not None
    world.faults.clear()
    world.run(mode="offline")
    assert world.journal.attempt is None
    assert world.swarm.image("crm-backend") == NEW


def test_a_change_of_settings_alone_repeats_no_backup_and_no_migration(world: World) -> None:
    world.run()
    world.did.clear()
    world.step("switch")
    world.step("verify")
    assert world.did == ["verify", "verify"]


def test_a_backup_that_is_asked_for_alone_is_made_of_the_data_as_it_is(world: World) -> None:
    world.run()
    world.did.clear()
    world.step("backup")
    world.step("verify")
    assert world.did == ["backup", "verify", "verify"]
    assert world.journal.attempt is None


def test_a_phase_that_runs_again_alone_ends_with_the_release_written_down(world: World) -> None:
    world.run()
    world.did.clear()
    world.step("seed")
    world.step("verify")
    assert world.did == ["seed", "verify", "verify"]
    assert world.journal.attempt is None


def test_a_first_release_has_nothing_to_switch(world: World) -> None:
    del world.swarm.services["crm-backend"]
    world.run(until="switch")
    assert world.did == ["backup", "migrate", "seed"]
    world.swarm.place("crm-backend", NEW)
    world.step("verify")
    assert world.journal.history[-1].result is Result.RELEASED


def test_another_machine_at_work_is_named_and_nothing_is_changed(world: World) -> None:
    world.run(until="backup")
    store = Store(world.swarm, "crm")
    other = Holder(user="ana", host="laptop", pid=7, touched=store.attempt.started)
    store.write(attempt=store.attempt.model_copy(update={"holder": other}))
    before = list(world.did)
    with pytest.raises(ReleaseError) as caught:
        world.step("migrate")
    assert "ana@laptop" in caught.value.what
    assert world.did == before


def test_between_two_phases_another_machine_neither_undoes_nor_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(until="migrate")
    before = list(world.did)
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    with pytest.raises(ReleaseError) as caught:
        world.step("backup", image=SICK)
    assert "This run changed nothing" in caught.value.state
    assert world.did == before
    monkeypatch.undo()


def test_of_two_that_write_the_journal_at_once_one_is_refused(world: World) -> None:
    first, second = Store(world.swarm, "crm"), Store(world.swarm, "crm")
    first.write(phases=("backup",))
    first.write(phases=("backup", "migrate"))
    with pytest.raises(ReleaseError):
        second.write(phases=())
    assert Store(world.swarm, "crm").journal.phases == ("backup", "migrate")


def test_a_migration_that_left_a_part_of_itself_is_not_called_recovered(world: World) -> None:
    world.faults["migrate"] = HalfAppliedError("half", why="COMMIT", state="", todo="restore")
    with pytest.raises(ReleaseError) as caught:
        world.run()
    assert world.journal.history[-1].result is Result.HALF
    assert "a part of the failed migration may be in its data" in caught.value.state
    assert caught.value.todo == "restore"


def test_offline_the_data_is_restored_from_such_a_migration_too(world: World) -> None:
    world.faults["migrate"] = HalfAppliedError("half", why="COMMIT", state="", todo="")
    with pytest.raises(ReleaseError):
        world.run(mode="offline")
    assert world.journal.history[-1].result is Result.RECOVERED
    assert world.data == "before"


def test_an_old_release_that_is_not_seen_either_is_told_to_run_again(world: World) -> None:
    world.faults["seed"] = failure()
    world.unseen = True
    with pytest.raises(ReleaseError) as caught:
        world.run()
    assert world.journal.history[-1].result is Result.FATAL
    assert f"{OLD} runs again, but is not seen from outside" in caught.value.state
    assert "certificate" in caught.value.why
    world.faults.clear()
    world.unseen = False
    world.run()
    assert world.swarm.image("crm-backend") == NEW


def test_a_release_whose_host_is_gone_stays_open_and_is_ended_by_the_next(world: World) -> None:
    world.cut("migrate")
    with pytest.raises(ReleaseError) as caught:
        world.run(mode="offline")
    assert "was interrupted at migrate" in caught.value.what
    assert "run the update again" in caught.value.todo
    world.swarm.unreachable = 0
    assert world.journal.attempt is not None
    world.faults.clear()
    world.run(mode="offline")
    assert world.journal.history[-1].result is Result.RELEASED
    assert world.swarm.replicas("crm-backend") == 1


def test_a_daemon_that_comes_back_is_waited_for_and_the_release_undone(world: World) -> None:
    world.cut("migrate", times=20)
    with pytest.raises(ReleaseError) as caught:
        world.run(mode="offline")
    assert "failed at migrate: recovered" in caught.value.what
    assert world.data == "before"


def test_a_job_that_a_killed_run_left_going_is_ended_before_the_data_is_put_back(
    world: World,
) -> None:
    world.faults["migrate"] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run(image=SICK, mode="offline")
    world.swarm.place("crm_migrate", "app", labels={JOB_LABEL: "true"})
    world.faults.clear()
    world.run(mode="offline")
    assert world.did[-7:-4] == ["restore", "rehearsal", "backup"]
    assert "crm_migrate" not in world.swarm.services


def test_a_wrong_answer_from_outside_is_told_as_it_came(world: World) -> None:
    world.faults["verify"] = WebError("wrong outside", why="HTTP 500", state="", todo="look")
    with pytest.raises(ReleaseError) as caught:
        world.run()
    assert "HTTP 500" in caught.value.why
    assert world.swarm.image("crm-backend") == OLD
