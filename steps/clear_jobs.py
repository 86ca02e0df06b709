"""Step `clear-jobs`: takes away what failed jobs keep, for example before volumes are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.docker_host import connect
from steps.job_removal import remove
from steps.library_errors import translated
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.inputs import ClearJobsInput


def run(given: ClearJobsInput, context: Context) -> dict[str, object]:
    """Stop and remove every job that carries all the given labels, with container and log.

    Raises:
        StepError: Docker refused something.
    """
    hint = "Some jobs may be gone already; what is left can be removed by running this again."
    with (
        connect(given.docker, context) as client,
        translated("The jobs could not be cleared.", state=hint),
    ):
        swarm = Swarm(client)
        jobs = swarm.jobs(given.labels)
        for name, service_id in sorted(jobs.items()):
            context.say(f"removing job {name}")
            remove(swarm, service_id, name, context)
    return {"removed": sorted(jobs)}
