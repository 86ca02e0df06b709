"""Step `release`: one phase of one release, after everything that has to come before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.docker_host import connect
from steps.release.advance import advance
from steps.release.ground import Ground
from steps.release.plan import Backup, Functions, Work
from steps.release.store import Store
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.release.plan import Plan


def run(plan: Plan, context: Context) -> dict[str, object]:
    """Bring the release to the plan's last phase, or put everything back.

    Raises:
        StepError: It failed; the message says what is in place now.
    """
    with connect(plan.docker, context) as client:
        swarm = Swarm(client)
        return advance(
            Ground(
                plan=plan,
                swarm=swarm,
                store=Store(swarm, plan.app, labels=_labels(plan)),
                context=context,
            )
        )


def _labels(plan: Plan) -> dict[str, str]:
    """Return who made the application: the labels of the first job or service of its release."""
    for phase in plan.phases:
        if isinstance(phase, Backup):
            return phase.plan.job.labels
        if isinstance(phase, Work | Functions):
            return phase.job.labels
    return {}
