"""Compares all that was read with all that was declared; pure."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ops.drift import machines, records, running, strangers, swarm_objects
from ops.drift.allowed import Allowed
from ops.drift.by_engine import TYPES as BY_ENGINE
from ops.drift.constraints import labels_named
from ops.drift.daemon import Daemon, Swarm
from ops.drift.declared import Resource, settled
from ops.drift.finding import Drift, Look, Unknown, sorted_findings
from ops.drift.records import TYPE as RECORD
from ops.drift.strangers import STACK_LABEL, Own
from ops.drift.world import HOST, PROVIDER, ZONE, World, zones_of
from settings import Estate, Host

_KINDS = {
    "docker:index/service:Service": "service",
    "docker:index/network:Network": "network",
    "docker:index/secret:Secret": "secret",
    "docker:index/serviceConfig:ServiceConfig": "config",
    "docker:index/volume:Volume": "volume",
}
_NO_MANAGER = "its daemon does not manage a Swarm"


def compared(
    stack: str,
    estate: Estate,
    declared: list[Resource],
    world: World,
    hide: Callable[[str], str] = str,
) -> Look:
    """Return what differs and what is unknown.

    Args:
        stack: its name.
        estate: its settings.
        declared: what it has deployed.
        world: what was read.
        hide: takes secrets out of a text.
    """
    found = [
        *world.by_engine.found,
        *_Docker(stack, estate, declared, world).drift(),
        *_dns(estate, declared, world),
    ]
    unknown = (
        *_unknown(estate, declared, world, hide),
        *(
            Unknown(what=name, why=hide(why), resources=(name,), urn=urn)
            for urn, why in world.by_engine.unread.items()
            for name in (urn.rpartition("::")[2],)
        ),
    )
    unread = {name for one in unknown for name in one.resources}
    covered = [one for one in declared if one.type in {*_KINDS, RECORD} or _is_native(one)]
    return Look(
        found=sorted_findings(_hidden(one, stack, hide) for one in found),
        unknown=unknown,
        compared=len([one for one in covered if one.name not in unread]),
    )


class _Docker:
    """Everything that Docker daemons know, of all hosts of a stack."""

    def __init__(self, stack: str, estate: Estate, declared: list[Resource], world: World) -> None:
        self._estate, self._world = estate, world
        self._stack = stack
        self._declared = [one for one in declared if one.type in _KINDS]
        self._allowed = Allowed(estate.drift.ignore)
        self._own = Own(
            stack=stack,
            names={kind: frozenset(self._names(type_)) for type_, kind in _KINDS.items()},
            prefixes=tuple(f"{one.name}_" for one in estate.applications().values()),
            allowed=self._allowed,
        )

    def drift(self) -> Iterator[Drift]:
        """Yield what differs; of two hosts that share a daemon or a Swarm, it is said once."""
        yield from strangers.in_applications(self._own, self._world.by_engine.others)
        looked_at: set[str] = set()
        for what, daemon in self._world.daemons.items():
            name = what.removeprefix(HOST)
            yield from machines.machine(name, self._estate.hosts[name], daemon)
            yield from swarm_objects.volumes(self._on(name, "volume"), daemon)
            if _is_first(daemon.info.get("ID"), looked_at):
                yield from strangers.on_host(self._own, daemon)
            if daemon.swarm is not None:
                yield from self._swarm(name, daemon.swarm)
                if _is_first(_cluster(daemon), looked_at):
                    yield from strangers.in_swarm(self._own, daemon.swarm)
                    yield from self._nodes(name, daemon.swarm)

    def _swarm(self, name: str, swarm: Swarm) -> Iterator[Drift]:
        services = self._on(name, "service")
        yield from swarm_objects.services(services, swarm)
        yield from swarm_objects.networks(self._on(name, "network"), swarm)
        yield from swarm_objects.secrets(self._on(name, "secret"), swarm)
        yield from swarm_objects.configs(self._on(name, "config"), swarm)
        yield from running.running(services, swarm, list(self._world.daemons.values()))

    def _nodes(self, name: str, swarm: Swarm) -> Iterator[Drift]:
        hosts = self._estate.hosts
        of_swarm: list[Host] = [
            host for other, host in hosts.items() if self._estate.swarm(other) == name
        ]
        specs = [settled(one)["taskSpec"] for one in self._on(name, "service")]
        # Another stack's services may need a label too.
        specs += [
            {"placement": {"constraints": placement.get("Constraints")}}
            for one in swarm.services
            if (one["Spec"].get("Labels") or {}).get(STACK_LABEL, self._stack) != self._stack
            and (placement := one["Spec"]["TaskTemplate"].get("Placement") or {})
        ]
        listed = [(spec.get("placement") or {}).get("constraints") or () for spec in specs]
        named = labels_named(constraint for one in listed for constraint in one)
        yield from machines.nodes(of_swarm, swarm, named, self._allowed)

    def _on(self, host: str, kind: str) -> list[Resource]:
        return [one for one in self._declared if one.provider == host and _KINDS[one.type] == kind]

    def _names(self, type_: str) -> Iterator[str]:
        return (one.own_name for one in self._declared if one.type == type_)


def _dns(estate: Estate, declared: list[Resource], world: World) -> Iterator[Drift]:
    allowed = Allowed(estate.drift.ignore)
    for zone in zones_of(estate, declared):
        found = world.zones.get(ZONE + zone.name)
        if found is not None:
            mine = _in_zone(declared, zone.id)
            yield from records.records(mine, found)
            yield from records.strangers(mine, found, allowed)


def _unknown(
    estate: Estate, declared: list[Resource], world: World, hide: Callable[[str], str]
) -> Iterator[Unknown]:
    """Yield what nobody can tell of, and which resources that concerns."""
    reasons = dict(world.unknown)
    used = {one.provider for one in declared if one.type in _KINDS}
    for name in sorted(used - set(estate.hosts)):
        reasons[HOST + name] = "estate:hosts has no host of this name any more"
    for what, daemon in world.daemons.items():
        host = estate.hosts[what.removeprefix(HOST)]
        if daemon.swarm is None and host.manager is None:
            reasons[what] = _NO_MANAGER
    zones = {ZONE + zone.name: zone.id for zone in zones_of(estate, declared)}
    for what, why in reasons.items():
        if what in zones:
            concerned = _in_zone(declared, zones[what])
        elif what == PROVIDER:
            concerned = [one for one in declared if _is_native(one)]
        else:
            host_name = what.removeprefix(HOST)
            docker = [one for one in declared if one.type in _KINDS]
            concerned = [one for one in docker if one.provider == host_name]
        names = tuple(one.name for one in concerned)
        yield Unknown(what=what, why=hide(why), resources=names)


def _in_zone(declared: list[Resource], zone: str) -> list[Resource]:
    return [one for one in declared if one.type == RECORD and one.inputs.get("zoneId") == zone]


def _is_native(one: Resource) -> bool:
    return one.type.startswith(BY_ENGINE)


def _cluster(daemon: Daemon) -> object:
    return ((daemon.info.get("Swarm") or {}).get("Cluster") or {}).get("ID")


def _is_first(id_: object, seen: set[str]) -> bool:
    first = str(id_) not in seen
    seen.add(str(id_))
    return first


def _hidden(one: Drift, stack: str, hide: Callable[[str], str]) -> Drift:
    return replace(
        one,
        declared=hide(one.declared),
        found=hide(one.found),
        todo=hide(one.todo.replace("{stack}", stack)),
    )
