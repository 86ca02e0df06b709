"""Runs a one-shot job on the Swarm and says how it ended; can be killed and run again.

A job's service has a fixed name. A run that finds one of that name joins it (the same job, still
running), waits for it (another job) or replaces it (ended). A job that failed keeps its service,
retired and without secrets, until the next run, so that its log can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps import job_failure, job_secrets
from steps.context import Waiting
from steps.errors import DockerError, InputError, JobError, StepError
from steps.job_log import last_lines
from steps.job_removal import remove, retire
from steps.job_spec import SPEC_LABEL, fingerprint, labels, once, task_template
from steps.job_task import NOT_SCHEDULED, TaskState
from steps.library_errors import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.inputs import Job, JobInput
    from steps.swarm import Swarm

POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A job that did its work: its last log lines and how long it took, in seconds."""

    log: str
    seconds: float


class JobRun:
    """One run of one job."""

    def __init__(
        self, swarm: Swarm, job: Job, context: Context, *, timeout_s: float, what: str
    ) -> None:
        """Prepare; nothing happens yet.

        Args:
            swarm: Where to run it.
            job: What to run.
            context: Where to say things, and the clock.
            timeout_s: Seconds from now until the job is stopped.
            what: The job in the words of the person who reads the messages.
        """
        self._swarm = swarm
        self._job = job
        self._context = context
        self._timeout_s = timeout_s
        self._what = what
        self._waiting = Waiting(context, what)

    def run(self, files: Mapping[str, str] | None = None) -> Outcome:
        """Run the job to its end.

        Args:
            files: Absolute path in the container → secret content, for this run only.

        Raises:
            StepError: The job failed or took too long, or Docker refused something.
        """
        hint = f"The job may still run: docker service ps {self._job.name}"
        with translated(f"{self._what}: Docker refused.", state=hint):
            service_id = self._join_left_over(has_files=bool(files)) or self._start(files or {})
            state = self._wait(service_id)
            log = last_lines(self._swarm, service_id, self._context, whole=not state.done)
            if state.done:
                remove(self._swarm, service_id, self._job.name, self._context)
                return Outcome(log=log, seconds=round(self._waiting.seconds, 1))
            if not state.final:
                remove(self._swarm, service_id, self._job.name, self._context)
                overran: StepError = job_failure.overran(
                    self._what, limit_s=self._timeout_s, state=state, log=log
                )
                raise overran
            retire(self._swarm, service_id, self._job.name)
            failed: StepError = job_failure.failed(
                self._what, name=self._job.name, state=state, log=log
            )
            raise failed

    def _join_left_over(self, *, has_files: bool) -> str | None:
        """Return the id of an earlier run to wait for, after clearing any other away.

        Raises:
            StepError: Another job of the same name did not end within the limit.
        """
        found = self._swarm.service(self._job.name)
        if found is None:
            job_secrets.sweep(self._swarm, self._job.name)
            return None
        service_id = str(found["ID"])
        state = self._state(service_id)
        if not state.final:
            same = found["Spec"].get("Labels", {}).get(SPEC_LABEL) == fingerprint(self._job)
            # Secret values cannot be compared, so a run with values of its own never joins.
            if same and not has_files:
                self._context.say(f"{self._what}: joining the run that is already going")
                return service_id
            self._context.say(f"{self._what}: waiting for an earlier run of {self._job.name}")
            state = self._wait(service_id)
        log = ""
        if not state.final:
            log = last_lines(self._swarm, service_id, self._context, whole=True)
        remove(self._swarm, service_id, self._job.name, self._context)
        if not state.final:
            overran: StepError = job_failure.overran(
                f"{self._what}: an earlier run", limit_s=self._timeout_s, state=state, log=log
            )
            raise overran
        return None

    def _start(self, files: Mapping[str, str]) -> str:
        """Create the secrets and the service; return the service's id."""
        mounted = job_secrets.find(self._swarm, self._job.secrets)
        networks = self._network_ids()
        mounted += job_secrets.create(self._swarm, self._job, files)
        template = task_template(self._job, secrets=mounted, network_ids=networks)
        self._context.say(f"{self._what}: starting job {self._job.name}")
        return self._swarm.create_job(
            self._job.name, template, labels=labels(self._job), mode=once()
        )

    def _network_ids(self) -> dict[str, str]:
        """Return the id of each network that the job names.

        Raises:
            DockerError: A network does not exist.
        """
        names = {one.name for one in self._job.networks}
        ids = self._swarm.network_ids() if names else {}
        missing = sorted(names - ids.keys())
        if missing:
            raise DockerError(
                f"{self._what}: the job needs a network that the Swarm does not have.",
                why=f"missing: {', '.join(missing)}",
                state="The job was not started.",
                todo="Run the update again: it declares the networks before the jobs.",
            )
        return ids

    def _state(self, service_id: str) -> TaskState:
        """Return where the job stands.

        Raises:
            JobError: Somebody removed the job's service.
        """
        state = self._swarm.task_state(service_id)
        if state is None and self._swarm.service(service_id) is None:
            raise JobError(
                f"{self._what}: the job was removed while it ran.",
                why=f"service {self._job.name} is gone; somebody else removed it",
                state="It is not known how far the job came.",
                todo="Run the update again: the job can be repeated.",
            )
        return state or NOT_SCHEDULED

    def _wait(self, service_id: str) -> TaskState:
        """Return the job's state once it is final, or at the time limit."""
        while True:
            state = self._state(service_id)
            if state.final or self._waiting.seconds >= self._timeout_s:
                return state
            self._waiting.tick(state.describe())
            self._context.clock.sleep(POLL_S)


def secret_files(given: JobInput, secrets: Mapping[str, object]) -> dict[str, str]:
    """Return path → content for the secrets that the input wants as files.

    Raises:
        InputError: A secret was not given, or is no text.
    """
    wanted = {one.name for one in given.secret_files}
    bad = sorted(name for name in wanted if not isinstance(secrets.get(name), str))
    if bad:
        raise InputError(
            f"{given.what}: secrets are missing on standard input.",
            why=f"not given as text: {', '.join(bad)}",
            state="The job was not started.",
            todo="Give them as one JSON object, name → text.",
        )
    return {one.target: str(secrets[one.name]) for one in given.secret_files}
