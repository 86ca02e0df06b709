"""Step `job`: runs one program once on the Swarm, on the image of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.docker_host import connect
from steps.job import JobRun, secret_files
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.inputs import JobInput


def run(given: JobInput, context: Context) -> dict[str, object]:
    """Run the job; secrets from standard input become files for this run only.

    Raises:
        StepError: The job failed, took too long, or could not be started.
    """
    files = secret_files(given, context.secrets)
    with connect(given.docker, context) as client:
        work = JobRun(Swarm(client), given.job, context, timeout_s=given.timeout_s, what=given.what)
        outcome = work.run(files)
    context.say(f"{given.what}: done in {outcome.seconds} s")
    return {"job": given.job.name, "seconds": outcome.seconds}
