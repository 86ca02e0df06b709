"""Half-made objects of a Swarm: removed when they were being created, awaited when updated."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import docker.errors
from docker import DockerClient

from steps.generations import mounted
from steps.library_errors import translated
from steps.swarm import Swarm

SERVICE = "docker:index/service:Service"
_SECRET = "docker:index/secret:Secret"  # noqa: S105 - a type token
_NETWORK = "docker:index/network:Network"

_MOVING = {"updating", "rollback_started"}
_SETTLE_LIMIT_S = 300
"""Longer than a task may take to fail its health check and be rolled back (guess)."""
_LEAVE_LIMIT_S = 90
"""Longer than the 60 s that Convex has to stop; a network is free only after its last task."""
_POLL_S = 1.0


def take_back(client: DockerClient, made: Sequence[tuple[str, str]], known: set[str]) -> None:
    """Remove what was being created and is not in the state.

    Args:
        client: of the Swarm's manager.
        made: type token and Docker name.
        known: ids in the state; these stay.

    Raises:
        StepError: the daemon refused.
    """
    api: Any = client.api
    wanted: dict[str, set[str]] = {SERVICE: set(), _SECRET: set(), _NETWORK: set()}
    for kind, name in made:
        wanted.setdefault(kind, set()).add(name)
    with translated("Half-made things could not be removed.", state="Some may be gone already."):
        services = {one["ID"]: one for one in api.services()}
        doomed = {id_ for id_, one in services.items() if one["Spec"]["Name"] in wanted[SERVICE]}
        for id_ in doomed - known:
            api.remove_service(id_)
        # A next writer of the same volume has to find the last one gone; so has a network.
        awaited = [
            id_ for id_ in doomed - known if wanted[_NETWORK] or _writes(services[id_]["Spec"])
        ]
        _wait(lambda: all(_has_ended(client, id_) for id_ in awaited), _LEAVE_LIMIT_S)
        used = mounted([one for id_, one in services.items() if id_ not in doomed - known], "Spec")
        for one in api.secrets():
            if one["Spec"]["Name"] in wanted[_SECRET] and one["ID"] not in known | used:
                api.remove_secret(one["ID"])
        for one in api.networks():
            if one["Name"] in wanted[_NETWORK] and one["Id"] not in known:
                api.remove_network(one["Id"])


def settle(client: DockerClient, services: Sequence[str]) -> None:
    """Wait until Swarm has finished what it was doing to services, forward or back.

    Args:
        client: of the Swarm's manager.
        services: names; what is no service of this Swarm is passed over.

    Raises:
        StepError: the daemon refused.
    """
    with translated("It could not be seen whether an update has ended.", state="Unchanged."):
        _wait(lambda: not any(_is_moving(client.api, name) for name in services), _SETTLE_LIMIT_S)


def _writes(spec: Mapping[str, Any]) -> bool:
    mounts = spec["TaskTemplate"]["ContainerSpec"].get("Mounts") or []
    return any(not mount.get("ReadOnly") for mount in mounts)


def _has_ended(client: DockerClient, service_id: str) -> bool:
    state = Swarm(client).task_state(service_id)
    return state is None or state.final


def _is_moving(api: Any, name: str) -> bool:  # noqa: ANN401 - the SDK
    try:
        service = api.inspect_service(name)
    except docker.errors.NotFound:
        return False
    return (service.get("UpdateStatus") or {}).get("State") in _MOVING


def _wait(done: Callable[[], bool], limit_s: float) -> None:
    """Wait until something holds; at the limit go on, because the update itself waits as well."""
    end = time.monotonic() + limit_s
    while not done() and time.monotonic() < end:
        time.sleep(_POLL_S)
