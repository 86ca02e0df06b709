"""Compares what really runs with what was declared; pure.

A specification says what Swarm was asked for. Whether a task runs at all, on which image and node,
and what became of the last update stands elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.drift.constraints import violated
from ops.drift.daemon import Daemon, Swarm
from ops.drift.declared import Resource, settled
from ops.drift.finding import Drift, Severity
from ops.drift.pairs import matched

_UNDONE = {
    "paused": "stopped half-way",
    "rollback_started": "is being rolled back",
    "rollback_paused": "rolled back half-way",
    "rollback_completed": "rolled back",
}
_LOOK = "see docker service ps --no-trunc {name}; make up STACK={{stack}} when its cause is gone"


@dataclass(frozen=True, kw_only=True)
class _Service:
    """A service with its tasks."""

    resource: Resource
    found: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]

    def drift(
        self, field: str, declared: str, found: str, *, since: str, severity: Severity
    ) -> Drift:
        return Drift(
            resource=self.resource.name,
            field=field,
            declared=declared,
            found=found,
            since=since,
            severity=severity,
            todo=_LOOK.format(name=self.resource.own_name),
        )


def running(
    declared: Sequence[Resource], swarm: Swarm, daemons: Sequence[Daemon]
) -> Iterator[Drift]:
    """Yield where tasks are not what their services declare.

    Args:
        declared: the services of one Swarm.
        swarm: what it has.
        daemons: those of its nodes that could be asked; only these know containers and images.
    """
    tasks: dict[str, list[Mapping[str, Any]]] = {}
    for task in swarm.tasks:
        tasks.setdefault(str(task["ServiceID"]), []).append(task)
    nodes = {str(node["ID"]): node for node in swarm.nodes}
    containers = {str(c["Id"]): c for daemon in daemons for c in daemon.containers}
    digests = _digests(daemons)
    for one, found in matched(declared, swarm.services):
        if found is None:
            continue
        service = _Service(resource=one, found=found, tasks=tasks.get(str(found["ID"]), []))
        yield from _update(service)
        yield from _count(service)
        for task in _of_state(service, "running"):
            yield from _image(service, task, containers, digests)
            yield from _health(service, task, containers)
            yield from _place(service, task, nodes)


def _update(service: _Service) -> Iterator[Drift]:
    update = service.found.get("UpdateStatus") or {}
    state = str(update.get("State", ""))
    if state in _UNDONE:
        said = f": {update['Message']}" if update.get("Message") else ""
        since = str(update.get("CompletedAt") or update.get("StartedAt") or "")
        yield service.drift(
            "last update",
            "went through",
            _UNDONE[state] + said,
            since=since,
            severity=Severity.WARNING,
        )


def _count(service: _Service) -> Iterator[Drift]:
    mode = settled(service.resource).get("mode") or {}
    replicas = (mode.get("replicated") or {}).get("replicas")
    serving = _of_state(service, "running")
    if replicas is None or len(serving) >= replicas:
        return
    newest = max(service.tasks, key=lambda task: str(task["CreatedAt"]), default=None)
    status = (newest or {}).get("Status") or {}
    last = f"; the newest is {status['State']}" if status else ""
    error = f": {status['Err']}" if status.get("Err") else ""
    yield service.drift(
        "running tasks",
        str(replicas),
        f"{len(serving)}{last}{error}",
        since=str(status.get("Timestamp", "")),
        severity=Severity.CRITICAL,
    )


def _of_state(service: _Service, state: str) -> list[Mapping[str, Any]]:
    return [
        task
        for task in service.tasks
        if task["DesiredState"] == "running" and task["Status"]["State"] == state
    ]


def _image(
    service: _Service,
    task: Mapping[str, Any],
    containers: Mapping[str, Mapping[str, Any]],
    digests: Mapping[str, set[str]],
) -> Iterator[Drift]:
    declared = str(service.resource.inputs["taskSpec"]["containerSpec"]["image"])
    asked = str(task["Spec"]["ContainerSpec"]["Image"])
    since = str(task["Status"].get("Timestamp", ""))
    if asked != declared:
        yield service.drift(
            "running image", declared, asked, since=since, severity=Severity.CRITICAL
        )
        return
    digest = declared.partition("@")[2]
    container = containers.get(_container_id(task))
    if not digest or container is None:
        return
    known = digests.get(str(container["ImageID"]), set())
    if digest not in known:
        yield service.drift(
            "running image",
            digest,
            ", ".join(sorted(known)) or f"{container['ImageID']}, of no known digest",
            since=since,
            severity=Severity.CRITICAL,
        )


def _health(
    service: _Service, task: Mapping[str, Any], containers: Mapping[str, Mapping[str, Any]]
) -> Iterator[Drift]:
    container = containers.get(_container_id(task)) or {}
    if "(unhealthy)" in str(container.get("Status", "")):
        yield service.drift("health", "healthy", "unhealthy", since="", severity=Severity.CRITICAL)
    elif container.get("State") == "paused":
        yield service.drift("health", "healthy", "paused", since="", severity=Severity.CRITICAL)


def _place(
    service: _Service, task: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Drift]:
    node = nodes.get(str(task.get("NodeID")))
    if node is None:
        return
    placement = settled(service.resource)["taskSpec"].get("placement") or {}
    for constraint in violated(placement.get("constraints") or (), node):
        yield service.drift(
            "node",
            constraint,
            str(node["Description"]["Hostname"]),
            since=str(task["Status"].get("Timestamp", "")),
            severity=Severity.CRITICAL,
        )


def _container_id(task: Mapping[str, Any]) -> str:
    return str((task["Status"].get("ContainerStatus") or {}).get("ContainerID", ""))


def _digests(daemons: Sequence[Daemon]) -> dict[str, set[str]]:
    """Return id of an image → the digests under which it was pulled or pushed."""
    return {
        str(image["Id"]): {name.partition("@")[2] for name in image.get("RepoDigests") or ()}
        for daemon in daemons
        for image in daemon.images
    }
