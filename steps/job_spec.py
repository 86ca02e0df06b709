"""The Swarm service that runs a job once: pure, values in and values out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker.types import (
    ContainerSpec,
    DriverConfig,
    Healthcheck,
    Mount,
    NetworkAttachmentConfig,
    Placement,
    Resources,
    RestartPolicy,
    SecretReference,
    ServiceMode,
    TaskTemplate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.inputs import Job

JOB_LABEL = "estate.job"
SPEC_LABEL = "estate.job.spec"

LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}
STOP_GRACE_NS = 30 * 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class MountedSecret:
    """A Swarm secret, by id, and the absolute path of its file in the container."""

    id: str
    name: str
    target: str


def fingerprint(job: Job) -> str:
    """Return 12 hexadecimal digits that change whenever anything in the job's input does."""
    return hashlib.sha256(job.model_dump_json().encode()).hexdigest()[:12]


def labels(job: Job) -> dict[str, str]:
    """Return the labels of the job's service: the caller's and the two we find it by."""
    return {**job.labels, JOB_LABEL: job.name, SPEC_LABEL: fingerprint(job)}


def task_template(
    job: Job, *, secrets: Sequence[MountedSecret], network_ids: Mapping[str, str]
) -> TaskTemplate:
    """Return what the Swarm runs.

    Args:
        job: The job's input.
        secrets: Every secret it mounts, the Swarm's own and those made for this run.
        network_ids: The id of each network the job names.
    """
    container = ContainerSpec(
        job.image,
        command=list(job.command),
        user=job.user,
        env=[f"{name}={value}" for name, value in sorted(job.env.items())],
        labels=dict(job.labels),
        mounts=[
            Mount(mount.target, mount.source, type=mount.type, read_only=mount.read_only)
            for mount in job.mounts
        ],
        secrets=[SecretReference(one.id, one.name, filename=one.target) for one in secrets],
        stop_grace_period=STOP_GRACE_NS,
        # The image's healthcheck belongs to its server; in a job it would kill the task.
        healthcheck=Healthcheck(test=["NONE"]),
    )
    return TaskTemplate(
        container,
        resources=Resources(mem_limit=job.memory_limit),
        restart_policy=RestartPolicy("none"),
        placement=Placement(constraints=list(job.constraints)),
        log_driver=DriverConfig("json-file", LOG_OPTIONS),
        networks=[
            NetworkAttachmentConfig(network_ids[one.name], aliases=list(one.aliases))
            for one in job.networks
        ],
    )


def once() -> ServiceMode:
    """Return the mode that runs one task to its end."""
    return ServiceMode("replicated-job", replicas=1)


def retired() -> dict[str, dict[str, int]]:
    """Return the mode of a job that keeps its logs and never runs again.

    A failed job counts as unfinished: the Swarm may start it anew at the next change or when its
    manager restarts. Measured on 20.10: with no completion wanted it does not.
    """
    return {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 0}}


def letting_go(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task template that no longer holds on to any secret or network."""
    container = {**template["ContainerSpec"], "Secrets": []}
    return {**template, "ContainerSpec": container, "Networks": []}
