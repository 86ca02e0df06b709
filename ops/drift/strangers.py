"""What is there and nobody declared: services, ports, containers, networks and so on; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.drift.allowed import Allowed
from ops.drift.daemon import Daemon, Swarm
from ops.drift.finding import Drift, Severity
from steps.generations import LABEL as GENERATION
from steps.job_spec import JOB_LABEL
from steps.release.store import LABEL as JOURNAL

STACK_LABEL = "estate.stack"
_OF_A_SERVICE = "com.docker.swarm.service.id"
_OWN_KINDS = (GENERATION, JOB_LABEL, JOURNAL)
"""On what releases make and keep: it is in no state, and comes and goes without an update."""
_DECLARED = "nothing: nobody declared it"
_WITHOUT_NAME = re.compile(r"[0-9a-f]{64}")
_REMOVE = {
    "service": "docker service rm NAME",
    "container": "docker rm --force NAME",
    "network": "docker network rm NAME",
    "secret": "docker secret rm NAME",
    "config": "docker config rm NAME",
    "volume": "see what is in it, then docker volume rm NAME",
    "proxy-host": "remove it in Nginx Proxy Manager",
    "site": "make a copy of it, then bench drop-site NAME",
    "port": "take it from its service or container",
}

_IN_APPLICATIONS = {"proxy-host": "a proxy host", "site": "a site of the bench"}


@dataclass(frozen=True, kw_only=True)
class Own:
    """What a stack knows to be its own or to be allowed.

    Attributes:
        stack: its name.
        names: kind, such as `service` → the names that it declares.
        prefixes: beginnings of its volumes' names.
        allowed: the allow list.
    """

    stack: str
    names: Mapping[str, frozenset[str]]
    prefixes: tuple[str, ...]
    allowed: Allowed


def in_swarm(own: Own, swarm: Swarm) -> Iterator[Drift]:
    """Yield what nobody declared in a Swarm, and the ports that it publishes."""
    for one in swarm.services:
        name, spec = str(one["Spec"]["Name"]), one["Spec"]
        if not _is_strange(own, "service", name, spec.get("Labels")):
            continue
        image = spec["TaskTemplate"].get("ContainerSpec", {}).get("Image", "")
        created = str(one.get("CreatedAt", ""))
        yield _stranger("service", name, f"a service of {image}", created)
        ports = (one.get("Endpoint") or {}).get("Ports") or ()
        yield from _ports(own, f"service {name}", _published_by_service(ports), created)
    named = ((str(one["Name"]), one) for one in swarm.networks if one.get("Scope") == "swarm")
    for name, one in named:
        if not one.get("Ingress") and _is_strange(own, "network", name, one.get("Labels")):
            yield _stranger("network", name, "an overlay network", str(one.get("Created", "")))
    for kind, listed in (("secret", swarm.secrets), ("config", swarm.configs)):
        for one in listed:
            name = str(one["Spec"]["Name"])
            if _is_strange(own, kind, name, one["Spec"].get("Labels")):
                yield _stranger(kind, name, f"a {kind}", str(one.get("CreatedAt", "")))


def on_host(own: Own, daemon: Daemon) -> Iterator[Drift]:
    """Yield what nobody declared on a host: containers of no service, and volumes."""
    for one in daemon.containers:
        labels = one.get("Labels") or {}
        name = str((one.get("Names") or [one["Id"][:12]])[0]).removeprefix("/")
        if _OF_A_SERVICE in labels or not _is_strange(own, "container", name, labels):
            continue
        since = _moment(one.get("Created"))
        yield _stranger("container", name, f"a container of {one.get('Image')}", since)
        ports = _published_by_container(one.get("Ports") or ())
        yield from _ports(own, f"container {name}", ports, since)
    for one in daemon.volumes:
        name = str(one["Name"])
        labels = one.get("Labels") or {}
        mine = labels.get(STACK_LABEL) == own.stack or name.startswith(own.prefixes)
        if mine and not _WITHOUT_NAME.fullmatch(name) and _is_strange(own, "volume", name, labels):
            found = "a volume under a name of this stack"
            yield _stranger("volume", name, found, str(one.get("CreatedAt", "")))


def in_applications(own: Own, others: Sequence[tuple[str, str]]) -> Iterator[Drift]:
    """Yield the proxy hosts and the sites of a bench that nobody declared."""
    for kind, name in others:
        if not own.allowed(kind, name):
            yield _stranger(kind, name, _IN_APPLICATIONS[kind], "")


def _is_strange(own: Own, kind: str, name: str, labels: Mapping[str, str] | None) -> bool:
    """Whether something is neither declared, nor of another stack, nor allowed."""
    marks = labels or {}
    of_another = marks.get(STACK_LABEL, own.stack) != own.stack
    kept = any(mark in marks for mark in _OWN_KINDS)
    known = name in own.names.get(kind, frozenset())
    return not (of_another or kept or known or own.allowed(kind, name))


def _ports(own: Own, owner: str, ports: Sequence[tuple[str, str]], since: str) -> Iterator[Drift]:
    for port, address in ports:
        if not own.allowed("port", port):
            where = f"published by {owner}" + (f" on {address}" if address else "")
            yield _stranger("port", port, where, since, Severity.CRITICAL)


def _published_by_service(ports: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f"{one['PublishedPort']}/{one.get('Protocol', 'tcp')}", "")
        for one in ports
        if one.get("PublishedPort")
    ]


def _published_by_container(ports: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found = {
        (f"{one['PublicPort']}/{one.get('Type', 'tcp')}", str(one.get("IP", "")))
        for one in ports
        if one.get("PublicPort")
    }
    return sorted(found)


def _stranger(
    kind: str,
    name: str,
    found: str,
    since: str,
    severity: Severity = Severity.WARNING,
) -> Drift:
    return Drift(
        resource=f"{kind}:{name}",
        field="",
        declared=_DECLARED,
        found=found,
        since=since,
        severity=severity,
        todo=f"{_REMOVE[kind]}; or declare it; or allow it: estate:drift.ignore {kind}:NAME",
    )


def _moment(seconds: object) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if isinstance(seconds, int) else ""
