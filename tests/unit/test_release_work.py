"""A migration that fails: when its mark is cleared, when it is tried again, and when neither."""

from __future__ import annotations

import io

import pytest

from steps.context import Context
from steps.errors import HalfAppliedError, JobError, JobTimeoutError, ReleaseError
from steps.job_failure import failed, overran
from steps.job_task import TaskState
from steps.release import phases
from steps.release.ground import Ground
from steps.release.journal import Record, Result, Version
from steps.release.phases import work
from steps.release.plan import Work
from steps.release.store import Store
from tests.unit.named_jobs import NamedJobs, plan_of
from tests.unit.release_swarm import MemorySwarm, StillClock

NAME = "20261120_bad"
P3018 = f"Error: P3018\n\nMigration name: {NAME}\n\nDatabase error:\nsyntax error\n"
P3009 = f"Error: P3009\nThe `{NAME}` migration started at 2026-11-22 10:00:00 UTC failed\n"
RESOLVE = ("sh", "-c", 'exec npx prisma migrate resolve --rolled-back "$MIGRATION"')
MIGRATE, CLEAR = "crm_migrate", "crm_migrate-resolve"


def phase(resolve: tuple[str, ...] | None = RESOLVE) -> Work:
    return Work.model_validate(
        {
            "kind": "job",
            "name": "migrate",
            "what": "npx prisma migrate deploy",
            "job": {
                "name": MIGRATE,
                "image": "app@sha256:new",
                "command": ["npx", "prisma", "migrate", "deploy"],
                "env": {"A": "1"},
                "secrets": [{"name": "crm_env", "target": "/app/.env"}],
            },
            "timeout_s": 60,
            "secret_files": [{"name": "PASSWORD", "target": "/run/secrets/password"}],
            "resolve": resolve,
        },
        strict=False,
    )


def fault(log: str, code: int = 1) -> JobError:
    state = TaskState(word="failed", exit_code=code)
    return failed("npx prisma migrate deploy", name=MIGRATE, state=state, log=log)


def ended(image: str) -> Record:
    return Record(
        version=Version(release="r0", image=image),
        result=Result.RECOVERED,
        at="2026-11-22T10:00:00Z",
        by="ana@laptop",
        mode="online",
        seconds=1,
    )


class Jobs(NamedJobs):
    """The jobs of one phase; some images were tried before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.tried: list[str] = []
        self.stderr = io.StringIO()

    def work(self, given: Work, mode: str = "online") -> dict[str, object]:
        swarm = MemorySwarm()
        context = Context(secrets={"PASSWORD": "value"}, clock=StillClock(), stderr=self.stderr)
        plan = plan_of(given.model_dump(), mode=mode)
        store = Store(swarm, "crm")
        store.write(history=tuple(ended(image) for image in self.tried))
        return work(given, Ground(plan=plan, swarm=swarm, store=store, context=context))


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    return Jobs(monkeypatch)


def test_a_migration_that_succeeds_runs_once_with_its_secret_as_a_file(jobs: Jobs) -> None:
    jobs.ends = [None]
    assert jobs.work(phase()) == {"job": MIGRATE, "seconds": 1.5}
    assert jobs.names == [MIGRATE]
    assert jobs.files == [{"/run/secrets/password": "value"}]


def test_one_that_fails_now_has_its_mark_cleared_and_is_not_tried_again(jobs: Jobs) -> None:
    jobs.ends = [fault(P3018), None]
    with pytest.raises(JobError) as caught:
        jobs.work(phase())
    assert jobs.names == [MIGRATE, CLEAR]
    assert f"P3018: migration {NAME} failed" in caught.value.why
    assert f"Correct migration {NAME}" in caught.value.todo
    assert "nothing of it is left" in caught.value.todo


def test_the_mark_is_cleared_on_the_same_image_by_name_and_without_other_secrets(
    jobs: Jobs,
) -> None:
    jobs.ends = [fault(P3018), None]
    with pytest.raises(JobError):
        jobs.work(phase())
    migrate, clear = jobs.ran
    assert clear.command == RESOLVE
    assert clear.env == {"A": "1", "MIGRATION": NAME}
    assert (clear.image, clear.secrets) == (migrate.image, migrate.secrets)
    assert jobs.files[1] == {}


def test_a_mark_of_an_earlier_run_is_cleared_and_the_migration_tried_once_more(jobs: Jobs) -> None:
    jobs.ends = [fault(P3009), None, None]
    assert jobs.work(phase()) == {"job": MIGRATE, "seconds": 1.5}
    assert jobs.names == [MIGRATE, CLEAR, MIGRATE]
    assert f"an earlier run had left {NAME} unfinished; trying again" in jobs.stderr.getvalue()


@pytest.mark.parametrize("log", [P3009, P3018])
def test_it_is_tried_once_more_and_never_a_third_time(jobs: Jobs, log: str) -> None:
    jobs.ends = [fault(P3009), None, fault(log)]
    with pytest.raises(JobError):
        jobs.work(phase())
    assert jobs.names == [MIGRATE, CLEAR, MIGRATE]


@pytest.mark.parametrize("log", [P3009, P3018])
def test_one_that_may_have_left_a_part_of_itself_is_for_a_person(jobs: Jobs, log: str) -> None:
    jobs.ends = [fault(log), fault("may have left a part", phases.HALF_APPLIED)]
    with pytest.raises(ReleaseError) as caught:
        jobs.work(phase())
    assert jobs.names == [MIGRATE, CLEAR]
    assert f"{NAME} failed half-way" in caught.value.what
    assert "make restore" in caught.value.todo
    assert f"prisma migrate resolve --rolled-back {NAME}" in caught.value.todo


def test_a_mark_of_before_that_cannot_be_cleared_is_a_failure_and_nothing_is_tried_again(
    jobs: Jobs,
) -> None:
    jobs.ends = [fault(P3009), fault("P1001: no database", 1)]
    with pytest.raises(JobError, match="P1001"):
        jobs.work(phase())
    assert jobs.names == [MIGRATE, CLEAR]


def test_a_failure_is_told_as_it_was_even_if_its_mark_cannot_be_cleared(jobs: Jobs) -> None:
    jobs.ends = [fault(P3018), fault("P1001: no database", 1)]
    with pytest.raises(JobError) as caught:
        jobs.work(phase())
    assert "P3018" in caught.value.why
    assert "its mark as failed has stayed" in caught.value.todo
    assert "P1001" in jobs.stderr.getvalue()


@pytest.mark.parametrize("log", [P3009, P3018])
def test_without_a_command_for_it_no_mark_is_touched(jobs: Jobs, log: str) -> None:
    jobs.ends = [fault(log)]
    with pytest.raises(JobError, match=NAME):
        jobs.work(phase(resolve=None))
    assert jobs.names == [MIGRATE]


@pytest.mark.parametrize("log", ["", "P1001: Can't reach database server", "Error: P3009"])
def test_a_failure_that_names_no_migration_touches_no_mark(jobs: Jobs, log: str) -> None:
    jobs.ends = [fault(log)]
    with pytest.raises(JobError):
        jobs.work(phase())
    assert jobs.names == [MIGRATE]


def test_a_migration_that_takes_too_long_has_its_mark_cleared(jobs: Jobs) -> None:
    state = TaskState(word="running")
    log = f"Applying migration `20261119_good`\nApplying migration `{NAME}`\n"
    jobs.ends = [overran("migrate", limit_s=60, state=state, log=log), None]
    with pytest.raises(JobTimeoutError):
        jobs.work(phase())
    assert jobs.names == [MIGRATE, CLEAR]
    assert jobs.ran[1].env["MIGRATION"] == NAME


def test_offline_the_way_back_restores_the_mark_too_so_it_is_left(jobs: Jobs) -> None:
    jobs.ends = [fault(P3018)]
    with pytest.raises(JobError) as caught:
        jobs.work(phase(), mode="offline")
    assert jobs.names == [MIGRATE]
    assert f"Correct migration {NAME}" in caught.value.todo


def test_a_mark_of_a_migration_that_only_an_earlier_image_holds_is_cleared_with_that_one(
    jobs: Jobs,
) -> None:
    jobs.tried = ["app@sha256:older", "app@sha256:failed"]
    not_there = fault("not in this image", phases.NOT_THERE)
    jobs.ends = [fault(P3009), not_there, None, None]
    jobs.work(phase())
    images = [job.image for job in jobs.ran if job.name == CLEAR]
    assert images == ["app@sha256:new", "app@sha256:failed"]


def test_a_mark_of_a_migration_that_no_known_image_holds_is_for_a_person(jobs: Jobs) -> None:
    jobs.ends = [fault(P3009), fault("not in this image", phases.NOT_THERE)]
    with pytest.raises(HalfAppliedError) as caught:
        jobs.work(phase())
    assert "no image that is known holds it" in caught.value.why


def test_a_name_that_a_shell_could_misread_is_never_given_to_one(jobs: Jobs) -> None:
    jobs.ends = [fault("Error: P3018\nMigration name: x;reboot\n")]
    with pytest.raises(JobError):
        jobs.work(phase())
    assert jobs.names == [MIGRATE]
