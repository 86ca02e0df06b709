"""Publishes the Convex functions of a release from a one-shot job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.convex import admin_key
from steps.docker_host import connect
from steps.job import JobRun
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.inputs import ConvexDeployInput, Job

KEY_FILE = "/run/secrets/convex_admin_key"

WITH_KEY = (
    "unset CONVEX_DEPLOYMENT CONVEX_DEPLOY_KEY; "
    f'CONVEX_SELF_HOSTED_ADMIN_KEY="$(cat {KEY_FILE})"; '
    'export CONVEX_SELF_HOSTED_ADMIN_KEY; exec "$@"'
)
"""The CLI takes the key from its environment only, and fails beside a cloud deployment's name."""


def deploy_job(given: ConvexDeployInput) -> Job:
    """Return the job with the key read inside the container; pure.

    A CONVEX_SELF_HOSTED_URL of the job's own stays: the backend's address from inside differs.
    """
    env = {"CONVEX_SELF_HOSTED_URL": given.url, **given.job.env}
    command = ("/bin/sh", "-c", WITH_KEY, "sh", *given.job.command)
    return given.job.model_copy(update={"command": command, "env": env})


def run(given: ConvexDeployInput, context: Context) -> dict[str, object]:
    """Get a key, deploy, forget the key.

    Raises:
        StepError: There is no key, or the deploy failed.
    """
    with connect(given.docker, context) as client:
        key = admin_key(client, given.service, given.instance_name, context)
    with connect(given.manager or given.docker, context) as client:
        work = JobRun(
            Swarm(client),
            deploy_job(given),
            context,
            timeout_s=given.timeout_s,
            what=given.what,
        )
        outcome = work.run({KEY_FILE: key})
    context.say(f"{given.what}: done in {outcome.seconds} s")
    return {"job": given.job.name, "seconds": outcome.seconds}
