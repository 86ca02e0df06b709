"""What one look reads, by the names under which it is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ops.drift.by_engine import EngineLook
from ops.drift.daemon import Daemon
from ops.drift.declared import Resource
from ops.drift.records import TYPE, Records
from settings import Estate

HOST, ZONE, PROVIDER = "host ", "zone ", "native provider"
"""Beginnings of the names of what can be unknown."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone to read.

    Attributes:
        name: for people.
        id: the API's name of it.
    """

    name: str
    id: str


@dataclass(frozen=True, kw_only=True)
class World:
    """What was read.

    Attributes:
        daemons: `host <name>` → what its daemon has.
        zones: `zone <name>` → its records.
        by_engine: what the engine found where it was asked.
        unknown: name of what could not be read → why.
    """

    daemons: Mapping[str, Daemon] = field(default_factory=dict)
    zones: Mapping[str, Records] = field(default_factory=dict)
    by_engine: EngineLook = field(default_factory=EngineLook)
    unknown: Mapping[str, str] = field(default_factory=dict)


def zones_of(estate: Estate, declared: Sequence[Resource]) -> list[Zone]:
    """Return the zones of the settings, and those that records still lie in; pure."""
    named = dict(estate.dns.zones) if estate.dns else {}
    zones = {id_: name for name, id_ in named.items()}
    for one in declared:
        if one.type == TYPE:
            zone = str(one.inputs.get("zoneId"))
            zones.setdefault(zone, zone)
    return [Zone(name=name, id=id_) for id_, name in zones.items()]
