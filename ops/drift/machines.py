"""Compares hosts and nodes with what the settings say of them; pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.drift.allowed import Allowed
from ops.drift.daemon import Daemon, Swarm
from ops.drift.finding import Drift, Severity
from settings import Host

_NODE = "see docker node ls, and docker node update {how}"


def machine(name: str, host: Host, daemon: Daemon) -> Iterator[Drift]:
    """Yield where a host is not what `estate:hosts` says.

    Args:
        name: of the host in the settings.
        host: its settings.
        daemon: what it has.
    """
    swarm = daemon.info.get("Swarm") or {}
    manages, is_manager = host.manager is None, daemon.swarm is not None
    if manages != is_manager:
        words = {True: "a manager of its Swarm", False: "no manager of its Swarm"}
        yield _host(name, "manager", words[manages], words[is_manager])
    if host.node and str(daemon.info.get("Name")) != host.node:
        yield _host(name, "node", host.node, str(daemon.info.get("Name")))
    if swarm.get("LocalNodeState") != "active":
        yield _host(name, "swarm", "active", str(swarm.get("LocalNodeState") or "inactive"))


def nodes(
    hosts: Sequence[Host], swarm: Swarm, named: set[str], allowed: Allowed
) -> Iterator[Drift]:
    """Yield where the nodes of a Swarm are not as they have to be.

    Args:
        hosts: those of its nodes that the settings name.
        swarm: what the Swarm has.
        named: labels of nodes that the constraints of declared services name.
        allowed: whether the allow list has something that nobody declared.
    """
    there = {str(node["Description"]["Hostname"]): node for node in swarm.nodes}
    for host in hosts:
        if host.node and host.node not in there:
            yield _node(host.node, "", "that it is in the Swarm", "nothing: it is gone", "join it")
    for name, node in there.items():
        yield from _state(name, node)
        labels = (node["Spec"].get("Labels") or {}).items()
        for label, value in sorted(labels):
            if label not in named and not allowed("node-label", f"{name} {label}"):
                yield Drift(
                    resource=f"node-label:{name} {label}",
                    field="",
                    declared="nothing: no constraint of the stack names it",
                    found=f"{label}={value}",
                    since=str(node.get("UpdatedAt", "")),
                    severity=Severity.NOTE,
                    todo="docker node update --label-rm LABEL NODE; "
                    "or allow it: estate:drift.ignore node-label:NODE LABEL",
                )


def _state(name: str, node: Mapping[str, Any]) -> Iterator[Drift]:
    state = str(node["Status"].get("State"))
    if state != "ready":
        yield _node(name, "state", "ready", state, "start Docker on it")
    availability = str(node["Spec"].get("Availability"))
    if availability != "active":
        todo = _NODE.format(how=f"--availability active {name}")
        yield _node(name, "availability", "active", availability, todo)


def _host(name: str, field: str, declared: str, found: str) -> Drift:
    return Drift(
        resource=f"host:{name}",
        field=field,
        declared=declared,
        found=found,
        severity=Severity.CRITICAL,
        todo=f"correct estate:hosts.{name}, or the host",
    )


def _node(name: str, field: str, declared: str, found: str, todo: str) -> Drift:
    return Drift(
        resource=f"node:{name}",
        field=field,
        declared=declared,
        found=found,
        severity=Severity.CRITICAL,
        todo=todo,
    )
