"""Tries a migration on the proven copy of its database, before it touches the data.

The copy is served by a service of its own in a network of its own, under the name of the live
server: the same image with the same `.env` meets it there, and nothing else. One that fails on the
copy has cost nobody a row or a second, whatever it commits by itself on its way.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from steps import job_secrets
from steps.backups.inputs import PostgresSource
from steps.backups.jobs import job_name, postgres_job
from steps.errors import DockerError, ReleaseError, StepError
from steps.inputs import JobNetwork
from steps.job_removal import remove
from steps.job_spec import task_template
from steps.release.change import Change
from steps.release.plan import Backup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.backups import BackupPlan
    from steps.inputs import Job
    from steps.release.ground import Ground
    from steps.release.plan import Work

TO_BE_TRIED = 5
"""What a program ends with that has something to try, and was not told that it was tried."""
TRIED = {"TRIED": "1"}
_ENDING = "-on-copy"
_RUNS = 3
"""At most: tried, the mark of an earlier failure cleared, tried again."""
_LEAVE_S = 60
"""How long a task that has ended may hold its network (a guess)."""
_POLL_S = 1.0
_SECOND_NS = 10**9
_SERVES = "/tmp/serves"  # noqa: S108 - in the container, see postgres_serve.sh


def as_tried(phase: Work) -> Work:
    """Return a phase whose program is told that nothing is left to try; pure."""
    if phase.tried_on is None:
        return phase
    job = phase.job.model_copy(update={"env": {**phase.job.env, **TRIED}})
    return phase.model_copy(update={"job": job})


def job_on_copy(job: Job, network: str) -> Job:
    """Return a job that meets the copy alone; files of the application it may read; pure."""
    return job.model_copy(
        update={
            "name": job_name(job.name, _ENDING),
            "env": {**job.env, **TRIED},
            "networks": (JobNetwork(name=network),),
            "mounts": tuple(one.model_copy(update={"read_only": True}) for one in job.mounts),
        }
    )


def found(phase: Work, on: Ground) -> tuple[BackupPlan, PostgresSource, str] | None:
    """Return the copy that this release has made for a migration: plan, source and file.

    None when it is not to be tried, or before there is any data.
    """
    for one in on.plan.phases:
        if isinstance(one, Backup):
            for source in one.plan.sources:
                file = on.store.attempt.backups.get(source.name)
                if isinstance(source, PostgresSource) and source.name == phase.tried_on and file:
                    return one.plan, source, file
    return None


@contextmanager
def served(phase: Work, on: Ground, copy: tuple[BackupPlan, PostgresSource, str]) -> Iterator[Work]:
    """Serve the copy of this release; give the phase as it runs on it.

    Args:
        phase: the migration.
        on: the ground.
        copy: what `found` gave.

    Raises:
        StepError: it could not be served.
    """
    plan, source, file = copy
    name = _name(phase.job.name)
    end(phase.job.name, on)
    on.context.say(f"{phase.what}: on a copy of {source.database} first, from {file}")
    limit = {"FILE": file, "LIMIT_S": str(int(_RUNS * phase.timeout_s))}
    server = postgres_job(plan, source, "serve", limit).model_copy(
        update={"name": name, "networks": (JobNetwork(name=name, aliases=(source.host,)),)}
    )
    try:
        on.swarm.create_network(name, server.labels)
        _serve(server, on, patience_s=plan.timeout_s)
        what = f"{phase.what} on a copy"
        yield phase.model_copy(update={"job": job_on_copy(phase.job, name), "what": what})
    finally:
        end(phase.job.name, on)


def end(migration: str, on: Ground) -> None:
    """Take the copy away with its network, also what a killed run has left.

    A job that failed on it keeps its log; one that still runs is ended.

    Args:
        migration: name of the job that works on the data.
        on: the ground.
    """
    name = _name(migration)
    job = on.swarm.service(job_name(migration, _ENDING))
    if job is not None:
        state = on.swarm.task_state(str(job["ID"]))
        if state is not None and not state.final:
            remove(on.swarm, str(job["ID"]), str(job["Spec"]["Name"]), on.context)
    Change(on.swarm, name, on.context).remove()
    network = on.swarm.network_ids().get(name)
    until = on.context.clock.now() + _LEAVE_S
    while network is not None and not on.swarm.remove_network(network):
        if on.context.clock.now() > until:
            on.context.say(f"network {name} is still held; the next release removes it")
            return
        on.context.clock.sleep(_POLL_S)


def _name(migration: str) -> str:
    """Name of the service that serves the copy, and of its network."""
    return job_name(migration, "-copy")


def _serve(server: Job, on: Ground, *, patience_s: float) -> None:
    """Start the service, and wait until the copy can be asked.

    Raises:
        StepError: it cannot.
    """
    networks = on.swarm.network_ids()
    mounted = job_secrets.find(on.swarm, server.secrets)
    task: dict[str, Any] = dict(task_template(server, secrets=mounted, network_ids=networks))
    # No failure counts until the copy is loaded, however large it is.
    check = {
        "Test": ["CMD", "test", "-e", _SERVES],
        "Interval": _SECOND_NS,
        "Timeout": 5 * _SECOND_NS,
        "StartPeriod": int(patience_s) * _SECOND_NS,
        "Retries": 3,
    }
    spec = {
        "Name": server.name,
        "Labels": dict(server.labels),
        "TaskTemplate": {**task, "ContainerSpec": {**task["ContainerSpec"], "Healthcheck": check}},
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "dnsrr"},
    }
    try:
        Change(on.swarm, server.name, on.context).make(spec, patience_s=patience_s)
    except ReleaseError as error:
        failed: StepError = DockerError(
            "The copy on which the migration is to be tried is not served.",
            why=error.why,
            state="Nothing was migrated.",
            todo="Correct the cause and release again.",
        )
        raise failed from error
