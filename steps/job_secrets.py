"""Secrets of a job: those the Swarm has, and those that live only as long as one run."""

from __future__ import annotations

import secrets as random
from typing import TYPE_CHECKING

from steps.errors import DockerError
from steps.job_spec import JOB_LABEL, MountedSecret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.inputs import Job, SecretFile
    from steps.swarm import Swarm

NAME_LENGTH = 50
"""Of a job's name, in the name of a secret; the Swarm allows 64 characters in all."""


def find(swarm: Swarm, wanted: Sequence[SecretFile]) -> list[MountedSecret]:
    """Return the Swarm's secrets by exact name.

    Raises:
        DockerError: A secret does not exist.
    """
    ids = swarm.secret_ids() if wanted else {}
    missing = sorted(one.name for one in wanted if one.name not in ids)
    if missing:
        raise DockerError(
            "A job needs a secret that the Swarm does not have.",
            why=f"missing: {', '.join(missing)}",
            state="The job was not started.",
            todo="Run the update again: it declares the application's secrets before its jobs.",
        )
    return [MountedSecret(id=ids[one.name], name=one.name, target=one.target) for one in wanted]


def create(swarm: Swarm, job: Job, values: Mapping[str, str]) -> list[MountedSecret]:
    """Create secrets for this run only.

    Args:
        swarm: Where.
        job: The job they are for; its name labels them, so that a later run can sweep them.
        values: Absolute path in the container → content.
    """
    labels = {**job.labels, JOB_LABEL: job.name}
    made = []
    for target, value in sorted(values.items()):
        name = f"{job.name[:NAME_LENGTH]}-{random.token_hex(6)}"
        made.append(
            MountedSecret(id=swarm.create_secret(name, value, labels), name=name, target=target)
        )
    return made


def sweep(swarm: Swarm, job_name: str) -> None:
    """Remove every secret made for runs of this job."""
    for secret_id in swarm.secret_ids(f"{JOB_LABEL}={job_name}").values():
        swarm.remove_secret(secret_id)
