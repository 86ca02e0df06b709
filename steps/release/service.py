"""A service as the transaction is given it, and as the Docker API wants it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from steps.inputs import AbsolutePath, Input, JobMount, JobNetwork, Name, SecretFile

if TYPE_CHECKING:
    from collections.abc import Mapping

_NS = 1_000_000_000


class Rollout(Input):
    """How Swarm goes from one task to the next; `monitor_s` in seconds."""

    order: Literal["start-first", "stop-first"]
    failure_action: Literal["rollback", "pause"]
    monitor_s: int


class Health(Input):
    """How Swarm asks a task whether it serves; times in seconds."""

    test: tuple[str, ...]
    interval_s: int
    timeout_s: int
    retries: int
    start_period_s: int


class ServiceInput(Input):
    """A service of one task, whole: what the declared resource says of it, in plain values.

    Networks and secrets are named, not numbered; `*_s` are seconds, `memory_*` bytes.
    """

    name: Name
    image: Annotated[str, Field(min_length=1)]
    labels: dict[str, str]
    container_labels: dict[str, str] = Field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    dir: AbsolutePath | None = None
    stop_signal: str
    stop_grace_s: int
    health: Health
    mounts: tuple[JobMount, ...] = ()
    secrets: tuple[SecretFile, ...] = ()
    networks: tuple[JobNetwork, ...]
    constraints: tuple[str, ...] = ()
    memory_limit: int
    memory_reservation: int
    restart_delay_s: int
    log_options: dict[str, str]
    update: Rollout
    rollback: Rollout
    patience_s: Annotated[int, Field(ge=1)]
    """Seconds in which a new task has to become healthy, and the old one to end."""


def spec_of(
    service: ServiceInput, *, networks: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, Any]:
    """Return the service's specification, equal to what the declared resource makes of it.

    Equal, because Swarm restarts a task for any difference: the resource records the release
    after the switch, and must not start it a second time.

    Args:
        service: what is wanted.
        networks: name → id.
        secrets: name → id.
    """
    return {
        "Name": service.name,
        "Labels": dict(service.labels),
        "TaskTemplate": {
            "ContainerSpec": _container(service, secrets),
            "Resources": {
                "Limits": {"MemoryBytes": service.memory_limit},
                "Reservations": {"MemoryBytes": service.memory_reservation},
            },
            "RestartPolicy": {
                "Condition": "any",
                "Delay": service.restart_delay_s * _NS,
                "MaxAttempts": 0,
                "Window": 0,
            },
            "Placement": {"Constraints": sorted(service.constraints)},
            "Networks": [
                {"Target": networks[one.name], "Aliases": sorted(one.aliases)}
                for one in service.networks
            ],
            "LogDriver": {"Name": "json-file", "Options": dict(service.log_options)},
            "ForceUpdate": 0,
            "Runtime": "container",
        },
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": _rollout(service.update),
        "RollbackConfig": _rollout(service.rollback),
        "EndpointSpec": {"Mode": "dnsrr", "Ports": []},
    }


def aligned(wanted: dict[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification whose lists stand in the order that the service has them in.

    The provider orders mounts, secrets and networks by a hash of its own, always the same way.

    Args:
        wanted: a specification.
        found: the service's specification of now.
    """
    task, has = wanted["TaskTemplate"], found["TaskTemplate"]
    container, has_container = task["ContainerSpec"], has["ContainerSpec"]
    ordered = {
        key: _in_order(container[key], has_container.get(key) or [], by)
        for key, by in _ORDERED.items()
    }
    networks = _in_order(task["Networks"], has.get("Networks") or [], ("Target",))
    task = {**task, "ContainerSpec": {**container, **ordered}, "Networks": networks}
    return {**wanted, "TaskTemplate": task}


_ORDERED = {"Mounts": ("Target",), "Secrets": ("File", "Name")}
"""List of a container → where its items have what tells them apart."""


def _in_order(
    wanted: list[dict[str, Any]], found: list[dict[str, Any]], by: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return items in the order of others, new ones at the end."""
    places = {_at(item, by): place for place, item in enumerate(found)}
    return sorted(wanted, key=lambda item: places.get(_at(item, by), len(places)))


def _at(item: Mapping[str, Any], path: tuple[str, ...]) -> str:
    value: Any = item
    for key in path:
        value = value[key]
    return str(value)


def _container(service: ServiceInput, secrets: Mapping[str, str]) -> dict[str, Any]:
    health = service.health
    return {
        "Image": service.image,
        "Command": list(service.entrypoint),
        "Args": list(service.args),
        "Env": [f"{name}={value}" for name, value in sorted(service.env.items())],
        "Dir": service.dir or "",
        "Labels": dict(service.container_labels),
        "StopSignal": service.stop_signal,
        "StopGracePeriod": service.stop_grace_s * _NS,
        "Healthcheck": {
            "Test": list(health.test),
            "Interval": health.interval_s * _NS,
            "Timeout": health.timeout_s * _NS,
            "StartPeriod": health.start_period_s * _NS,
            "Retries": health.retries,
        },
        "Mounts": [
            {
                "Type": mount.type,
                "Source": mount.source,
                "Target": mount.target,
                "ReadOnly": mount.read_only,
                **_volume_options(mount),
            }
            for mount in service.mounts
        ],
        "DNSConfig": {},
        "Secrets": [
            {
                "SecretID": secrets[one.name],
                "SecretName": one.name,
                "File": {"Name": one.target, "UID": "0", "GID": "0", "Mode": 0o444},
            }
            for one in sorted(service.secrets, key=lambda secret: secret.target)
        ],
        "Isolation": "default",
        "Init": False,
    }


def _volume_options(mount: JobMount) -> dict[str, Any]:
    """Return what the provider writes of a volume as soon as it has a label."""
    if not mount.labels:
        return {}
    driver = {"Name": "", "Options": {}}
    labels = dict(mount.labels)
    return {"VolumeOptions": {"NoCopy": False, "Labels": labels, "DriverConfig": driver}}


def _rollout(rollout: Rollout) -> dict[str, Any]:
    return {
        "Parallelism": 1,
        "Delay": 0,
        "FailureAction": rollout.failure_action,
        "Monitor": rollout.monitor_s * _NS,
        "MaxFailureRatio": 0.0,
        "Order": rollout.order,
    }
