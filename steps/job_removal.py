"""Ends jobs: keeps one for its log only, or takes it away with all that it left.

Measured on 20.10, and the reason for this module: a job that is removed while it runs keeps
running without a service, and one that ended leaves its container, which holds on to volumes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps import job_secrets
from steps.context import Waiting
from steps.job_spec import letting_go, retired

if TYPE_CHECKING:
    from steps.context import Context
    from steps.swarm import Swarm

POLL_S = 0.5
REMOVE_LIMIT_S = 45.0
"""Longer than the 30 s that a container has to stop."""
LEAVE_LIMIT_S = 15.0
"""How long a container may be there after its task has ended (a guess); Swarm removes it then."""


def retire(swarm: Swarm, service_id: str, name: str) -> None:
    """End a job for good: it stops, keeps its log, holds no secret or network, never runs again."""
    found = swarm.service(service_id)
    if found is not None:
        template = letting_go(found["Spec"]["TaskTemplate"])
        swarm.replace_job(found, template, mode=retired())
    job_secrets.sweep(swarm, name)


def remove(swarm: Swarm, service_id: str, name: str, context: Context) -> None:
    """Stop a job, wait until its container has ended, and remove all that belongs to it."""
    state = swarm.task_state(service_id)
    if state is None or not state.final:
        retire(swarm, service_id, name)
    stopping = Waiting(context, f"stopping job {name}")
    while (state := swarm.task_state(service_id)) and not state.final:
        if stopping.seconds > REMOVE_LIMIT_S:
            context.say(f"job {name} is still {state.word}; it is removed all the same")
            break
        stopping.tick(state.describe())
        context.clock.sleep(POLL_S)
    swarm.remove_service(service_id)
    leaving = Waiting(context, f"removing job {name}")
    while not swarm.remove_containers(service_id) and leaving.seconds < LEAVE_LIMIT_S:
        context.clock.sleep(POLL_S)
    job_secrets.sweep(swarm, name)
