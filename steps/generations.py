"""Old generations of a secret: kept as long as a roll-back can need them, then removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import docker.errors

from steps.library_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from docker import DockerClient

LABEL = "estate.secret"
KEPT = 3
"""Generations that stay, the new one among them: the one that serves and two ways back."""


def removable(
    found: Sequence[Mapping[str, Any]], *, name: str, in_use: set[str], way_back: set[str]
) -> list[str]:
    """Return the ids of the generations to remove before the one called `name` is created. Pure.

    Args:
        found: the family's secrets as the Docker API lists them.
        name: the generation that is about to be created.
        in_use: ids that a service mounts now; they stay, whatever else is asked.
        way_back: ids that a service would mount after `docker service rollback`.
    """
    free = [secret for secret in found if secret["ID"] not in in_use]
    returning = [secret["ID"] for secret in free if secret["Spec"]["Name"] == name]
    others = [secret for secret in free if secret["Spec"]["Name"] != name]
    newest_first = sorted(others, key=lambda secret: str(secret["CreatedAt"]), reverse=True)
    room = max(0, KEPT - 1 - (len(found) - len(free)))
    old = [secret["ID"] for secret in newest_first[room:]]
    return returning + [id_ for id_ in old if id_ not in way_back]


def mounted(services: Iterable[Mapping[str, Any]], spec: str) -> set[str]:
    """Return the ids of the secrets in one of the specs (`Spec`, `PreviousSpec`) of services."""
    tasks = [(service.get(spec) or {}).get("TaskTemplate", {}) for service in services]
    containers = [task.get("ContainerSpec") or {} for task in tasks]
    return {
        str(secret["SecretID"])
        for container in containers
        for secret in container.get("Secrets") or []
    }


def make_way(client: DockerClient, name: str, *, family: str) -> None:
    """Remove a left-over generation that has the new one's name, and those nobody needs.

    A value that comes back has the name of its first life, and Docker refuses a second secret of
    one name.

    Raises:
        StepError: The daemon refused.
    """
    api: Any = client.api
    with translated(f"The old generations of {family} could not be looked at.", state="Unchanged."):
        found = api.secrets(filters={"label": f"{LABEL}={family}"})
        services = api.services()
        doomed = removable(
            found,
            name=name,
            in_use=mounted(services, "Spec"),
            way_back=mounted(services, "PreviousSpec"),
        )
        for id_ in doomed:
            try:
                api.remove_secret(id_)
            except docker.errors.NotFound:
                continue
