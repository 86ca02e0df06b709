"""A job's run against a Swarm in memory: what the real one does only seldom or slowly."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from steps.context import Context
from steps.errors import InputError, JobError, JobTimeoutError
from steps.inputs import Job, JobInput
from steps.job import JobRun, secret_files
from steps.job_spec import labels
from steps.job_task import TaskState
from steps.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JOB = Job(name="demo_migrate", image="demo@sha256:1", command=("true",))
RUNNING = TaskState(word="running")
COMPLETE = TaskState(word="complete")
FAILED = TaskState(word="failed", exit_code=3)


class StillClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class MemorySwarm(Swarm):
    """Keeps one service; its task walks through the given states and stays in the last."""

    def __init__(self, states: Sequence[TaskState | None], logs: Sequence[str] = ("",)) -> None:
        self.states = list(states)
        self.logs = list(logs)
        self.here: dict[str, Any] | None = None
        self.made: dict[str, str] = {}
        self.calls: list[str] = []
        self.leaving = 0

    def service(self, name_or_id: str) -> dict[str, Any] | None:
        del name_or_id
        return self.here

    def create_job(
        self, name: str, template: object, *, labels: Mapping[str, str], mode: object
    ) -> str:
        del mode
        self.calls.append("create")
        self.plant(name, labels, template)
        return "s1"

    def plant(self, name: str, labels: Mapping[str, str], template: object = None) -> None:
        spec = {"Name": name, "Labels": dict(labels), "TaskTemplate": template}
        self.here = {"ID": "s1", "Version": {"Index": 1}, "Spec": spec}

    def replace_job(self, service: Mapping[str, Any], template: object, *, mode: object) -> None:
        del service, template, mode
        self.calls.append("retire")
        self.states = [None]

    def remove_service(self, service_id: str) -> None:
        del service_id
        self.calls.append("remove")
        self.here = None

    def remove_containers(self, service_id: str) -> bool:
        del service_id
        self.leaving -= 1
        return self.leaving < 0

    def task_state(self, service_id: str) -> TaskState | None:
        del service_id
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def log(self, service_id: str, *, lines: int) -> str:
        del service_id, lines
        return self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]

    def secret_ids(self, label: str | None = None) -> dict[str, str]:
        del label
        return dict(self.made)

    def create_secret(self, name: str, value: str, labels: Mapping[str, str]) -> str:
        del value, labels
        self.made[name] = name
        return name

    def remove_secret(self, secret_id: str) -> None:
        del self.made[secret_id]


def job_run(swarm: Swarm, clock: StillClock, timeout_s: float = 60) -> JobRun:
    context = Context(clock=clock, stderr=io.StringIO())
    return JobRun(swarm, JOB, context, timeout_s=timeout_s, what="migrate")


def template() -> dict[str, Any]:
    return {"ContainerSpec": {}}


def test_the_log_of_a_failed_job_is_read_until_no_more_of_it_comes() -> None:
    swarm = MemorySwarm([FAILED], ["", "it began", "it began\nit broke"])
    with pytest.raises(JobError, match="it broke"):
        job_run(swarm, StillClock()).run()


def test_a_log_that_comes_late_is_waited_for() -> None:
    swarm = MemorySwarm([None, RUNNING, COMPLETE], ["", "", "late words"])
    assert job_run(swarm, StillClock()).run().log == "late words"
    assert swarm.calls == ["create", "remove"]


def test_a_job_is_gone_when_its_container_is_and_that_is_not_waited_for_for_ever() -> None:
    swarm, clock = MemorySwarm([RUNNING, COMPLETE]), StillClock()
    swarm.leaving = 3
    job_run(swarm, clock).run()
    assert swarm.leaving == -1
    swarm.leaving = 1000
    job_run(swarm, clock).run()
    assert swarm.leaving > 900


def test_a_running_job_of_the_same_input_is_joined() -> None:
    swarm = MemorySwarm([RUNNING, RUNNING, COMPLETE])
    swarm.plant(JOB.name, labels(JOB))
    job_run(swarm, StillClock()).run()
    assert swarm.calls == ["remove"]


def test_a_running_job_is_not_joined_when_this_run_brings_secrets() -> None:
    swarm = MemorySwarm([RUNNING, COMPLETE])
    swarm.plant(JOB.name, labels(JOB))
    job_run(swarm, StillClock()).run({"/run/secrets/a": "value"})
    assert swarm.calls == ["remove", "create", "remove"]
    assert swarm.made == {}


def test_an_earlier_job_that_never_ends_is_stopped_at_the_limit() -> None:
    swarm = MemorySwarm([RUNNING])
    swarm.plant(JOB.name, {}, template())
    clock = StillClock()
    with pytest.raises(JobTimeoutError, match="an earlier run did not end within 60 s"):
        job_run(swarm, clock).run()
    assert swarm.calls == ["retire", "remove"]
    assert 60 <= clock.seconds < 70


def test_a_job_that_the_swarm_cannot_place_says_why_at_the_limit() -> None:
    pending = TaskState(word="pending", error="no suitable node (scheduling constraints)")
    with pytest.raises(JobTimeoutError, match="no suitable node"):
        job_run(MemorySwarm([pending]), StillClock(), timeout_s=5).run()


def test_a_job_that_somebody_removes_is_an_error_at_once() -> None:
    class Removed(MemorySwarm):
        def task_state(self, service_id: str) -> TaskState | None:
            del service_id
            self.here = None
            return None

    clock = StillClock()
    with pytest.raises(JobError, match="somebody else removed it"):
        job_run(Removed([None]), clock).run()
    assert clock.seconds == 0


def test_a_failed_job_is_retired_and_its_secrets_go() -> None:
    swarm = MemorySwarm([FAILED], ["boom"])
    with pytest.raises(JobError, match="exit code 3") as caught:
        job_run(swarm, StillClock()).run({"/run/secrets/a": "value"})
    assert swarm.calls == ["create", "retire"]
    assert swarm.made == {}
    assert caught.value.log == "boom"


def test_a_long_wait_says_what_it_waits_for() -> None:
    said = io.StringIO()
    context = Context(clock=StillClock(), stderr=said)
    swarm = MemorySwarm([RUNNING] * 40 + [COMPLETE])
    JobRun(swarm, JOB, context, timeout_s=60, what="migrate").run()
    assert "migrate: running, 5 s so far" in said.getvalue()
    assert "migrate: running, 15 s so far" in said.getvalue()


def test_secrets_for_files_must_be_given_as_text() -> None:
    given = JobInput.model_validate_json(
        '{"docker": {"url": "unix:///x"}, "timeout_s": 1, "what": "seed",'
        ' "job": {"name": "j", "image": "i", "command": ["c"]},'
        ' "secret_files": [{"name": "A", "target": "/a"}, {"name": "B", "target": "/b"}]}'
    )
    assert secret_files(given, {"A": "1", "B": "2", "C": "3"}) == {"/a": "1", "/b": "2"}
    with pytest.raises(InputError, match="not given as text: B"):
        secret_files(given, {"A": "1", "B": 2})
