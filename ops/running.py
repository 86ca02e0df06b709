"""What runs already, by the names under which a stack would declare it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient

from ops.half_made import SERVICE
from ops.hosts import target_of
from ops.records import RECORD, found_records
from settings import STACK_LABEL, DockerStack, Estate, Host
from steps.context import Context
from steps.docker_host import connect
from steps.library_errors import translated

NETWORK = "docker:index/network:Network"
SECRET = "docker:index/secret:Secret"  # noqa: S105 - a type token
VOLUME = "docker:index/volume:Volume"
_UNTOUCHED = "Nothing was changed."


@dataclass(frozen=True)
class Key:
    """One thing that can be adopted.

    Attributes:
        host: the host's name in the stack file; of a record, its zone.
        type: type token.
        name: its Docker name; of a record `name/type/content`, and `name/type` of an only one.
    """

    host: str
    type: str
    name: str


@dataclass(frozen=True)
class Running:
    """What runs.

    Attributes:
        ids: what there is → the provider's name of it.
        stacks: service → what `docker stack deploy` left in its tasks.
    """

    ids: Mapping[Key, str]
    stacks: Mapping[str, DockerStack]


def look_up(estate: Estate) -> Running:
    """Ask each host, and the DNS where the stack has it; nothing is changed.

    Raises:
        StepError: a host cannot be asked.
        OpsError: the DNS cannot be asked.
    """
    ids: dict[Key, str] = {}
    stacks: dict[str, DockerStack] = {}
    for name, host in estate.hosts.items():
        what = f"It could not be seen what runs on {name}."
        with (
            connect(target_of(host), Context()) as client,
            translated(what, state=_UNTOUCHED),
        ):
            ids.update(_objects(client, name, host))
            if host.manager is None:
                stacks.update(_stacks(client))
    for zone, record in found_records(estate):
        name = f"{record['name']}/{record['type']}"
        ids[Key(zone, RECORD, f"{name}/{record['content']}")] = str(record["id"])
        # One that leads elsewhere is the same record, unless there are more of its name.
        ids[Key(zone, RECORD, name)] = "" if Key(zone, RECORD, name) in ids else str(record["id"])
    return Running(ids, stacks)


def _objects(client: DockerClient, host_name: str, host: Host) -> Iterator[tuple[Key, str]]:
    api: Any = client.api
    for volume in api.volumes()["Volumes"] or []:
        yield Key(host_name, VOLUME, volume["Name"]), str(volume["Name"])
    if host.manager is not None:
        return
    for service in api.services():
        yield Key(host_name, SERVICE, service["Spec"]["Name"]), str(service["ID"])
    for secret in api.secrets():
        yield Key(host_name, SECRET, secret["Spec"]["Name"]), str(secret["ID"])
    for network in api.networks():
        # Another of the same name, of this machine alone, is none that a service could join.
        if network["Scope"] == "swarm":
            yield Key(host_name, NETWORK, network["Name"]), str(network["Id"])


def _stacks(client: DockerClient) -> Iterator[tuple[str, DockerStack]]:
    api: Any = client.api
    for service in api.services():
        name = str(service["Spec"]["Name"])
        container = service["Spec"]["TaskTemplate"].get("ContainerSpec", {})
        if stack := (container.get("Labels") or {}).get(STACK_LABEL):
            volumes = [
                mount["Source"]
                for mount in container.get("Mounts") or []
                if STACK_LABEL in ((mount.get("VolumeOptions") or {}).get("Labels") or {})
            ]
            alias = name.removeprefix(f"{stack}_")
            yield name, DockerStack(stack=stack, alias=alias, volumes=tuple(volumes))
