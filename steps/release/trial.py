"""Asks a new release from outside before anybody meets it: a service of its own, kept for us.

Only where two tasks may run side by side. Without it users would meet a release that is well inside
and wrong outside for as long as it takes to be sure of that and to bring the old one back.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from steps.release.change import Change, same
from steps.release.seal import sealed
from steps.release.verify import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.release.plan import Plan, Switch
    from steps.swarm import Swarm

_ENDING = "-trial"
_NAMED = ["service", "middlewares"]
"""What a router refers to by name, several with commas between."""


def trial_of(spec: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return the specification of a release's trial; pure.

    It has routes of its own, which need the token; no name of the application leads to it inside
    the Swarm; and a task that fails stays failed.

    Args:
        spec: of the release, as the Docker API has it.
        token: letters and digits.
    """
    task = spec["TaskTemplate"]
    networks = [{**one, "Aliases": []} for one in task.get("Networks") or []]
    policy = {"Condition": "none", "Delay": 0, "MaxAttempts": 0, "Window": 0}
    return {
        **sealed({**spec, "Labels": _renamed(spec["Labels"])}, token),
        "Name": trial_name(spec["Name"]),
        "TaskTemplate": {**task, "Networks": networks, "RestartPolicy": policy},
    }


def trial_name(service: str) -> str:
    """Return the name of the service in which a release of another one is tried; pure."""
    return f"{service}{_ENDING}"


def needs_trial(switch: Switch, found: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a new task will meet users, and two may run side by side; pure.

    Args:
        switch: the phase.
        found: the specification that serves.
        spec: the one that is to.
    """
    ours, theirs = spec["TaskTemplate"], found["TaskTemplate"]
    new_task = not (same(theirs, ours) and same(ours, theirs))
    return switch.service.update.order == "start-first" and new_task


def try_out(
    spec: Mapping[str, Any], swarm: Swarm, plan: Plan, context: Context, *, patience_s: float
) -> None:
    """Run a release beside the one that serves, ask it from outside, and take it away again.

    Raises:
        ReleaseError: its task does not serve.
        WebError: it does not answer from outside as it has to.
    """
    token, name = secrets.token_hex(16), trial_name(spec["Name"])
    end(swarm, spec["Name"], context)
    context.say(f"{plan.app}: asking the new release from outside, before it gets any traffic")
    try:
        Change(swarm, name, context).make(trial_of(spec, token), patience_s=patience_s)
        verify(plan.verify, context, release=plan.release, token=token)
    finally:
        end(swarm, spec["Name"], context)


def end(swarm: Swarm, service: str, context: Context) -> None:
    """Take away the trial of a service's release, also one that a killed run has left.

    Raises:
        ReleaseError: its task does not end.
    """
    Change(swarm, trial_name(service), context).remove()


def _renamed(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels whose routers, services and middlewares at the edge have other names."""
    found: dict[str, str] = {}
    for label, value in labels.items():
        match label.split("."):
            case ["traefik", "http", kind, name, *rest]:
                refers = kind == "routers" and rest[-1:] and rest[-1] in _NAMED
                key = ".".join(["traefik", "http", kind, name + _ENDING, *rest])
                names = value.split(",") if refers else []
                found[key] = ",".join(one + _ENDING for one in names) if refers else value
            case _:
                found[label] = value
    return found
