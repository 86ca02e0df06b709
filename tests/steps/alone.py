"""Runs a job, or publishes functions, as a process of its own that a test can watch and kill.

In a release both are phases among others; here each has input, secrets and exit codes of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps import command, convex_deploy, inputs
from steps.docker_host import connect
from steps.job import JobRun, secret_files
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context


def run_job(given: inputs.JobInput, context: Context) -> dict[str, object]:
    files = secret_files(given, context.secrets)
    with connect(given.docker, context) as client:
        work = JobRun(Swarm(client), given.job, context, timeout_s=given.timeout_s, what=given.what)
        outcome = work.run(files)
    return {"job": given.job.name, "seconds": outcome.seconds}


if __name__ == "__main__":
    command.STEPS["job"] = (inputs.JobInput, run_job)
    command.STEPS["convex-deploy"] = (inputs.ConvexDeployInput, convex_deploy.run)
    command.run()
