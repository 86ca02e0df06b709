"""Everything one Docker daemon has, read in bulk: one list call for each kind of object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient

Objects = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """One host, as its daemon lists it; each object as in the Docker API.

    Attributes:
        info: the daemon itself.
        containers: those that run on this host.
        images: on this host.
        volumes: on this host.
        swarm: what the Swarm has; None when this daemon does not manage one.
    """

    info: Mapping[str, Any]
    containers: Objects
    images: Objects
    volumes: Objects
    swarm: "Swarm | None" = None


@dataclass(frozen=True, kw_only=True)
class Swarm:
    """What a Swarm has, through one of its managers; each object as in the Docker API."""

    services: Objects = ()
    tasks: Objects = ()
    networks: Objects = ()
    secrets: Objects = ()
    configs: Objects = ()
    nodes: Objects = ()

    def network_names(self) -> dict[str, str]:
        """Return id → name of its networks."""
        return {str(one["Id"]): str(one["Name"]) for one in self.networks}


def read(client: DockerClient) -> Daemon:
    """List everything there is; nothing is changed.

    Raises:
        DockerException: the daemon refuses an answer.
    """
    api: Any = client.api
    info = api.info()
    is_manager = bool((info.get("Swarm") or {}).get("ControlAvailable"))
    return Daemon(
        info=info,
        containers=tuple(api.containers()),
        images=tuple(api.images()),
        volumes=tuple(api.volumes().get("Volumes") or ()),
        swarm=_swarm(api) if is_manager else None,
    )


def _swarm(api: Any) -> Swarm:  # noqa: ANN401 - the SDK's low-level client has no types
    return Swarm(
        services=tuple(api.services()),
        tasks=tuple(api.tasks()),
        networks=tuple(api.networks()),
        secrets=tuple(api.secrets()),
        configs=tuple(api.configs()),
        nodes=tuple(api.nodes()),
    )
