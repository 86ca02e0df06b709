"""The wave inside a release: when the image goes back, when it stays, and what is said."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from steps.context import Context
from steps.erp import wave
from steps.erp.bench import bench_job
from steps.errors import BenchError, ReleaseError, WebError
from steps.release import phases
from steps.release.advance import advance
from steps.release.ground import Ground
from steps.release.journal import Result, Version
from steps.release.plan import Plan
from steps.release.store import Store
from steps.scripts.answers import unpacked
from tests.unit.release_swarm import MemorySwarm, StillClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.inputs import Job

OLD, NEW, NEWER = (f"erp@sha256:{letter * 64}" for letter in "abc")
CANARY = "a.localhost"
ALL = {"sites": 3, "updated": [CANARY, "b.localhost", "c.localhost"], "quarantined": {}}
REASON = "bench migrate ended with 1\nPatch x failed\nrestored, 3 rows"


def service(name: str, image: str) -> dict[str, Any]:
    rollout = {"order": "start-first", "failure_action": "rollback", "monitor_s": 1}
    return {
        "name": name, "image": image, "labels": {}, "stop_signal": "SIGTERM", "stop_grace_s": 1,
        "health": {"test": ["CMD"], "interval_s": 1, "timeout_s": 1, "retries": 1,
                   "start_period_s": 1},
        "networks": [{"name": "net"}], "memory_limit": 1, "memory_reservation": 1,
        "restart_delay_s": 1, "log_options": {}, "update": rollout, "rollback": rollout,
        "patience_s": 5,
    }  # fmt: skip


class World:
    """A Swarm in memory whose jobs answer what the test says, and are noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.swarm = MemorySwarm()
        for name in ("erp_backend", "erp_worker"):
            self.swarm.place(name, OLD)
        self.jobs: list[tuple[str, bool]] = []
        self.said: dict[str, Any] = {"canary": ALL, "rest": ALL}
        self.sees: Exception | None = None
        self.replicas: list[int] = []
        self.stderr = io.StringIO()
        monkeypatch.setattr(wave, "ask", self._ask)
        monkeypatch.setattr(phases, "verify", self._verify)
        monkeypatch.setattr("steps.release.way_back.verify", self._verify)

    def plan(self, image: str = NEW, release: str = "r2") -> Plan:
        given = {
            "docker": {"url": "unix:///var/run/docker.sock"},
            "app": "erp", "release": release, "image": image, "mode": "offline",
            "service": "erp_backend", "writers": ["erp_backend", "erp_worker"],
            "verify": {"questions": [{"url": "http://a"}], "attempts": 1, "interval_s": 0},
            "phases": [
                {
                    "kind": "wave", "name": "wave", "canary": CANARY, "batch": 2,
                    "on_failure": "continue", "root_password_secret": "root", "copies": "copies",
                    "bench": {"name": "erp_wave", "image": image, "mounts": [], "network": "net"},
                    "services": [service("erp_backend", image)],
                    "site_limit_s": 1, "timeout_s": 1, "url": "http://frontend",
                },
                {"kind": "commit", "name": "verify"},
            ],
        }  # fmt: skip
        return Plan.model_validate(given, strict=False)

    def release(self, image: str = NEW, release: str = "r2") -> None:
        context = Context(clock=StillClock(), stderr=self.stderr)
        store = Store(self.swarm, "erp")
        advance(
            Ground(plan=self.plan(image, release), swarm=self.swarm, store=store, context=context)
        )

    @property
    def journal(self) -> Any:  # noqa: ANN401 - read as it is
        return Store(self.swarm, "erp").journal

    def _ask(self, _swarm: object, job: Job, *_rest: object, **_more: object) -> Mapping[str, Any]:
        asked = unpacked(job.command[-1])
        self.jobs.append((asked["action"], asked["only_canary"]))
        self.replicas.append(self.swarm.replicas("erp_worker"))
        said = self.said["canary" if asked["only_canary"] else "rest"]
        if asked["action"] == "run" and isinstance(said, Exception):
            raise said
        answer = said if asked["action"] == "run" else ALL
        return {"goes_back": not answer["updated"], **answer}

    def _verify(self, *_given: object, **_more: object) -> dict[str, object]:
        if self.sees is not None:
            raise self.sees
        return {"seconds": 0}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def failed(*sites: str, updated: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"sites": 3, "updated": list(updated), "quarantined": dict.fromkeys(sites, REASON)}


def test_the_canary_goes_before_the_others_and_workers_wait(world: World) -> None:
    world.release()
    assert world.jobs == [("hold", False), ("run", True), ("run", False)]
    assert world.replicas == [0, 0, 0]
    assert world.swarm.image("erp_backend") == NEW
    assert world.swarm.replicas("erp_backend") == 1
    assert world.journal.history[-1].result is Result.RELEASED


def test_a_canary_that_fails_takes_everything_back(world: World) -> None:
    world.said["canary"] = failed(CANARY)
    with pytest.raises(ReleaseError, match="recovered") as error:
        world.release()
    assert world.jobs[-2:] == [("run", True), ("abandon", False)]
    assert (world.swarm.image("erp_backend"), world.swarm.image("erp_worker")) == (OLD, OLD)
    assert world.swarm.replicas("erp_worker") == 1
    assert "Patch x failed" in error.value.why
    assert "all 3 sites have their data of before" in error.value.state


def test_a_canary_that_nobody_sees_takes_everything_back(world: World) -> None:
    world.sees = WebError("not seen", why="HTTP 502", state="", todo="")
    with pytest.raises(ReleaseError):
        world.release()
    assert world.jobs[-1] == ("abandon", False)
    assert world.swarm.image("erp_backend") == OLD


def test_a_site_in_quarantine_leaves_the_image_and_is_reported_once(world: World) -> None:
    world.said["rest"] = failed("b.localhost", updated=(CANARY, "c.localhost"))
    with pytest.raises(ReleaseError) as error:
        world.release()
    assert "1 site is in quarantine" in error.value.what
    assert "b.localhost: " in error.value.why
    assert world.swarm.image("erp_backend") == NEW
    record = world.journal.history[-1]
    assert (record.result, list(record.quarantined)) == (Result.PARTLY, ["b.localhost"])
    jobs = list(world.jobs)
    world.release()
    assert world.jobs == jobs
    assert world.journal.history[-1].result is Result.RELEASED


def test_when_no_site_can_be_migrated_the_image_goes_back(world: World) -> None:
    world.said["canary"] = {"sites": 3, "updated": [], "quarantined": {}}
    world.said["rest"] = failed("b.localhost", "c.localhost")
    with pytest.raises(ReleaseError, match="recovered"):
        world.release()
    assert world.jobs[-1] == ("abandon", False)
    assert world.swarm.image("erp_backend") == OLD


def test_after_the_canary_a_job_that_dies_is_gone_on_with(world: World) -> None:
    world.said["rest"] = BenchError("wave failed.", why="killed", state="", todo="")
    with pytest.raises(ReleaseError, match="interrupted at wave") as error:
        world.release()
    assert "does not go back" in error.value.state
    assert world.swarm.image("erp_backend") == NEW
    world.said["rest"] = ALL
    world.jobs.clear()
    world.release()
    # The canary has been seen: it is not asked for again.
    assert world.jobs == [("hold", False), ("run", False)]
    assert world.journal.history[-1].result is Result.RELEASED


def test_another_release_takes_over_one_that_cannot_go_back(world: World) -> None:
    world.said["rest"] = BenchError("wave failed.", why="killed", state="", todo="")
    with pytest.raises(ReleaseError):
        world.release()
    world.said["rest"] = ALL
    world.release(NEWER, "r3")
    assert [one.result for one in world.journal.history] == [Result.PARTLY, Result.RELEASED]
    # Started on the image that its sites had, and stopped again for the next wave.
    assert [seen for seen in world.swarm.seen if seen[0] == "erp_worker"][-2:] == [
        ("erp_worker", NEW, 1),
        ("erp_worker", NEW, 0),
    ]


def test_a_report_is_short_whatever_the_number_of_sites() -> None:
    many = {f"s{number:03}.localhost": REASON * 9 for number in range(300)}
    told = wave.report("erp", "r2", many).render()
    assert len(told.splitlines()) < 20
    assert "300 sites are in quarantine" in told
    assert "s000.localhost: " in told


def test_the_journal_has_room_for_a_thousand_sites() -> None:
    kept = wave.kept({
        f"site-{number:04}.customers.example.com": "x" * 9999 for number in range(1000)
    })
    assert len(kept) == 1000
    assert len(str(kept)) < 100_000


def test_without_a_site_there_is_nothing_to_take(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = {"sites": 0, "updated": [], "quarantined": {}, "goes_back": True}
    asked: list[str] = []

    def ask(*_given: object, what: str, **_more: object) -> dict[str, Any]:
        asked.append(what)
        return none

    monkeypatch.setattr(wave, "ask", ask)
    world.release()
    assert asked == ["erp: wave, hold"]
    assert world.swarm.image("erp_backend") == NEW


def test_another_image_under_the_same_name_is_another_wave() -> None:
    one, other = (wave.identity(Version(release="r2", image=image)) for image in (NEW, NEWER))
    assert one != other
    assert "/" not in wave.identity(Version(release="feature/x", image=NEW))


def test_the_job_of_a_wave_shows_no_password_and_may_write_copies(world: World) -> None:
    phase: Any = world.plan().phases[0]
    job = bench_job(phase.bench, "root", copies="copies", question="asked")
    assert job.user == "root"
    assert [mount.source for mount in job.mounts] == ["copies"]
    assert [one.name for one in job.secrets] == ["root"]
    assert bench_job(phase.bench, "root").user is None
