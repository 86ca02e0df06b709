"""Takes a stack away. Data goes with the local stack only; elsewhere it stays on its host."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import docker.errors
from docker import DockerClient
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from ops import local_stack
from ops.engine import Engine
from ops.errors import OpsError
from ops.half_made import SERVICE, take_back
from ops.hosts import targets
from ops.locks import release_dead_lock
from ops.recovery import finish_interrupted
from ops.stacks import made
from ops.state import keep
from steps import clear_jobs
from steps.context import Context
from steps.docker_host import connect
from steps.inputs import ClearJobsInput, DockerTarget
from steps.library_errors import translated
from steps.swarm import HELD

_LEAVE_LIMIT_S = 90
"""Longer than the 60 s that Convex has to stop: until then its task holds the volume."""


def down(stack: str, *, force: bool) -> int:
    """Take a stack away after a confirmation; return the engine's exit code.

    Args:
        stack: its name.
        force: do not ask.

    Raises:
        OpsError: the person did not confirm, or could not be asked.
    """
    return take_down(made(stack), force=force, with_data=stack == local_stack.STACK)


def take_down(engine: Engine, *, force: bool, with_data: bool) -> int:
    """Take the engine's stack away after a confirmation; return the engine's exit code.

    Args:
        engine: on the stack.
        force: do not ask.
        with_data: whether its volumes go too.

    Raises:
        OpsError: the person did not confirm, or could not be asked.
    """
    label = {"estate.stack": engine.stack}
    hosts = targets(engine)
    if not force:
        volumes = [volume for target in hosts for volume in _volumes(target, label)]
        _confirm(engine.stack, volumes, with_data=with_data)
    release_dead_lock(engine)
    keep(engine)
    finish_interrupted(engine)
    for target in hosts:
        # The engine does not know jobs; one that failed holds on to networks and volumes.
        clear_jobs.run(ClearJobsInput(docker=target, labels=label), Context())
    _remove_forgotten(engine, hosts, label)
    engine.ask("state", "unprotect", "--all", "--yes")
    code = engine.show("destroy", "--yes", "--skip-preview", "--suppress-outputs")
    if code:
        return code
    for target in hosts:
        with connect(target, Context()) as client:
            _remove_left(client, label)
            if with_data:
                _remove_journals(client, label)
        if with_data:
            _remove_volumes(target, label)
    return 0


def _confirm(stack: str, volumes: list[str], *, with_data: bool) -> None:
    if not sys.stdin.isatty():
        raise OpsError(
            f"taking stack {stack} away needs a confirmation; nothing was changed",
            todo="answer at a terminal, or run: make down FORCE=1",
        )
    data = " and its data" if with_data else "; its data stays on the hosts"
    listed = ", ".join(volumes) or "none"
    sys.stdout.write(f"This takes stack {stack} away{data}. Volumes: {listed}\n")
    if input(f"Type {stack} to go on: ").strip() != stack:
        raise OpsError("nothing was changed: the answer was another", todo="run it again to retry")


def _volumes(target: DockerTarget, label: dict[str, str]) -> list[str]:
    """Return the volumes that the stack made; those it adopted carry no label, and stay."""
    with (
        connect(target, Context()) as client,
        translated("The volumes could not be listed.", state="Nothing was changed by it."),
    ):
        return [volume.name for volume in client.volumes.list(filters=_chosen(label))]


def _remove_forgotten(engine: Engine, hosts: Iterable[DockerTarget], label: dict[str, str]) -> None:
    """Remove services that no state knows: they would hold on to the stack's networks."""
    resources = json.loads(engine.ask("stack", "export"))["deployment"].get("resources") or []
    known = {str(one["id"]) for one in resources if one.get("id")}
    for target in hosts:
        with connect(target, Context()) as client:
            services = client.services.list(filters=_chosen(label))
            take_back(client, [(SERVICE, one.name) for one in services], known)


def _remove_left(client: DockerClient, label: dict[str, str]) -> None:
    """Remove what a destroy leaves: secrets kept for roll-backs, and what no state knows."""
    chosen = _chosen(label)
    with translated("Not all of the stack could be removed.", state="The stack itself is gone."):
        for secret in client.secrets.list(filters=chosen):
            secret.remove()
        for network in client.networks.list(filters=chosen):
            _in_use()(network.remove)


def _remove_journals(client: DockerClient, label: dict[str, str]) -> None:
    """Remove what is written of releases: it tells of data that are gone now."""
    with translated("A journal could not be removed.", state="The stack itself is gone."):
        for part in client.configs.list(filters=_chosen(label)):
            part.remove()


def _remove_volumes(target: DockerTarget, label: dict[str, str]) -> None:
    retries = _in_use()
    volumes = _volumes(target, label)
    with (
        connect(target, Context()) as client,
        translated("A volume could not be removed.", state="The stack itself is gone."),
    ):
        api: Any = client.api
        for volume in volumes:
            try:
                retries(api.remove_volume, volume)
            except docker.errors.NotFound:
                continue


def _chosen(label: dict[str, str]) -> dict[str, Any]:
    return {"label": [f"{name}={value}" for name, value in label.items()]}


def _in_use() -> Retrying:
    """Try again while a task that is being stopped holds on to something."""
    return Retrying(
        retry=retry_if_exception(_is_in_use),
        stop=stop_after_delay(_LEAVE_LIMIT_S),
        wait=wait_fixed(1),
        reraise=True,
    )


def _is_in_use(error: BaseException) -> bool:
    return isinstance(error, docker.errors.APIError) and error.status_code in HELD
