"""A migration that is tried on a copy first: what runs where, and what is left of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from steps import job_secrets
from steps.context import Context
from steps.errors import DockerError, JobError
from steps.release import on_copy
from steps.release.ground import Ground
from steps.release.journal import Attempt, Version
from steps.release.phases import work
from steps.release.plan import Plan, Work
from steps.release.store import Store
from steps.release.way_back import undo
from tests.unit.named_jobs import NamedJobs, plan_of
from tests.unit.release_swarm import SICK, MemorySwarm, StillClock
from tests.unit.test_release_work import P3009, P3018, RESOLVE, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.job import Outcome

MIGRATE, COPY, ON_COPY = "crm_migrate", "crm_migrate-copy", "crm_migrate-on-copy"
FILE = "20261129T100000Z-r1.dump"
PENDING = fault("", on_copy.TO_BE_TRIED)


def plan(image: str = "postgres@sha256:1") -> Plan:
    backup = {
        "kind": "backup",
        "name": "backup",
        "plan": {
            "job": {"name": "crm_backup", "image": "tools", "labels": {"estate.stack": "prod"}},
            "volume": "crm_backups",
            "keep": 5,
            "release": "r1",
            "timeout_s": 1800,
            "sources": [
                {
                    "kind": "postgres",
                    "name": "database",
                    "image": image,
                    "network": "net",
                    "host": "crm-postgres",
                    "user": "crm_user",
                    "database": "crm",
                    "password_secret": "env",
                },
                {"kind": "folder", "name": "uploads", "volume": "crm_uploads"},
            ],
        },
    }
    migrate = {
        "kind": "job",
        "name": "migrate",
        "what": "npx prisma migrate deploy",
        "job": {
            "name": MIGRATE,
            "image": "app@sha256:new",
            "command": ["npx", "prisma", "migrate", "deploy"],
            "env": {"A": "1"},
            "mounts": [{"type": "volume", "source": "crm_uploads", "target": "/app/uploads"}],
            "networks": [{"name": "net"}],
            "secrets": [{"name": "env", "target": "/app/.env"}],
        },
        "timeout_s": 60,
        "resolve": RESOLVE,
        "tried_on": "database",
    }
    return plan_of(backup, migrate)


class Trial(NamedJobs):
    """The jobs of a migration, and what is there while each runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.swarm = MemorySwarm()
        self.there: list[set[str]] = []
        self.backups = {"database": FILE, "uploads": "ab12"}
        monkeypatch.setattr(job_secrets, "find", lambda *_: [])

    def ground(self, given: Plan) -> Ground:
        store = Store(self.swarm, "crm")
        if store.journal.attempt is None:
            attempt = Attempt(
                version=Version(release="r1", image="app@sha256:new"),
                mode=given.mode,
                started=1.0,
                by="ana@laptop",
                backups=self.backups,
                dirty=("migrate",),
                touched=True,
            )
            store.write(attempt=attempt)
        context = Context(secrets={}, clock=StillClock(), stderr=io.StringIO())
        return Ground(plan=given, swarm=self.swarm, store=store, context=context)

    def work(self, given: Plan | None = None) -> dict[str, object]:
        on = self.ground(given or plan())
        phase = on.plan.phases[-1]
        assert isinstance(phase, Work)
        return work(phase, on)

    def run(self, files: Mapping[str, str] | None = None) -> Outcome:
        self.there.append({*self.swarm.services, *self.swarm.networks})
        return super().run(files)


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Trial:
    return Trial(monkeypatch)


def nothing_is_left(trial: Trial) -> bool:
    return COPY not in trial.swarm.services and trial.swarm.networks == {"net": "n1"}


def test_nothing_to_migrate_costs_no_copy(trial: Trial) -> None:
    trial.ends = [None]
    trial.work()
    assert trial.names == [MIGRATE]
    assert trial.ran[0].env == {"A": "1"}
    assert trial.there == [{"net"}]


def test_what_is_pending_runs_on_the_copy_and_then_on_the_data(trial: Trial) -> None:
    trial.ends = [PENDING, None, None]
    trial.work()
    assert trial.names == [MIGRATE, ON_COPY, MIGRATE]
    _, copy, live = trial.ran
    assert [one.name for one in copy.networks] == [COPY], "it cannot reach the live database"
    assert [one.name for one in live.networks] == ["net"]
    assert copy.env == live.env == {"A": "1", **on_copy.TRIED}
    assert all(one.read_only for one in copy.mounts)
    assert copy.secrets == live.secrets
    assert trial.there[1] >= {COPY}
    assert nothing_is_left(trial)


def test_the_copy_answers_under_the_name_of_the_live_server_in_a_network_of_its_own(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(trial.swarm, "create_service", _noting(trial.swarm, made))
    trial.ends = [PENDING, None, None]
    trial.work()
    (spec,) = made
    task = spec["TaskTemplate"]
    (network,) = task["Networks"]
    assert (network["Target"], network["Aliases"]) == (f"id of {COPY}", ["crm-postgres"])
    assert f"FILE={FILE}" in task["ContainerSpec"]["Env"]
    assert "LIMIT_S=180" in task["ContainerSpec"]["Env"]
    assert task["ContainerSpec"]["Healthcheck"]["StartPeriod"] == 1800 * 10**9
    assert spec["Labels"] == {"estate.stack": "prod"}


def _noting(swarm: MemorySwarm, made: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - a method
    create = swarm.create_service

    def noted(spec: Mapping[str, Any]) -> None:
        made.append(dict(spec))
        create(spec)

    return noted


def test_one_that_fails_on_the_copy_never_meets_the_data(trial: Trial) -> None:
    trial.ends = [PENDING, fault(P3018)]
    with pytest.raises(JobError) as caught:
        trial.work()
    assert trial.names == [MIGRATE, ON_COPY], "no mark is cleared in what is thrown away"
    assert caught.value.on_copy
    assert "P3018" in caught.value.why
    assert nothing_is_left(trial)


def test_a_mark_of_an_earlier_run_is_cleared_on_the_copy_and_then_on_the_data(
    trial: Trial,
) -> None:
    trial.ends = [PENDING, fault(P3009), None, None, fault(P3009), None, None]
    trial.work()
    assert trial.names == [
        *(MIGRATE, ON_COPY, f"{ON_COPY}-resolve", ON_COPY),
        *(MIGRATE, f"{MIGRATE}-resolve", MIGRATE),
    ]
    assert [one.name for one in trial.ran[2].networks] == [COPY]


def test_before_there_is_any_data_nothing_is_tried(trial: Trial) -> None:
    trial.backups = {}
    trial.ends = [None]
    trial.work()
    assert trial.ran[0].env == {"A": "1", **on_copy.TRIED}


def test_a_failure_that_asks_for_no_trial_is_told_as_it_is(trial: Trial) -> None:
    trial.ends = [fault("P1001: no database"), None]
    with pytest.raises(JobError) as caught:
        trial.work()
    assert not caught.value.on_copy
    assert trial.names == [MIGRATE]


def test_a_copy_that_is_not_served_is_a_failure_before_the_data_is_touched(trial: Trial) -> None:
    trial.ends = [PENDING]
    with pytest.raises(DockerError, match="is not served") as caught:
        trial.work(plan(image=f"{SICK}@sha256:1"))
    assert "Nothing was migrated" in caught.value.state
    assert trial.names == [MIGRATE]
    assert nothing_is_left(trial)


def test_what_a_killed_run_left_is_taken_away_first_and_by_the_way_back(trial: Trial) -> None:
    # The way back may be that of another release, which is not at its migration yet.
    other = plan().model_copy(update={"phases": plan().phases[:1]})
    for end_it in (trial.work, lambda: undo(trial.ground(other))):
        trial.swarm.place(COPY, "postgres@sha256:1")
        trial.swarm.place(ON_COPY, "app@sha256:new")
        trial.swarm.networks[COPY] = "left"
        trial.swarm.held = 2
        trial.ends = [PENDING, None, None]
        end_it()
        assert ON_COPY not in trial.swarm.services
        assert nothing_is_left(trial)


def test_a_network_that_stays_held_is_said_and_stops_nothing(trial: Trial) -> None:
    trial.ends = [PENDING, None, None]
    trial.swarm.held = 1000
    on = trial.ground(plan())
    phase = on.plan.phases[-1]
    assert isinstance(phase, Work)
    work(phase, on)
    assert isinstance(on.context.stderr, io.StringIO)
    assert f"network {COPY} is still held" in on.context.stderr.getvalue()
