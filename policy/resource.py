"""A resource as the rules see it, and a rule. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LATER = "[known later]"
"""Stands for a value that only an update will know, such as a network's id."""

SERVICE = "docker:index/service:Service"
VOLUME = "docker:index/volume:Volume"
CONTAINER = "docker:index/container:Container"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
COMMAND = "command:local:Command"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as it is declared.

    Attributes:
        type: type token.
        name: what the stack calls it.
        props: its inputs in plain values; a secret one in clear, so no rule may show it.
        protect: whether the engine refuses to delete it.
        urn: the engine's name of it.
    """

    type: str
    name: str
    props: Mapping[str, Any]
    protect: bool = False
    urn: str = ""

    def at(self, path: str) -> Any:  # noqa: ANN401 - any value of a resource
        """Return the value at a path such as `taskSpec.containerSpec.image`, or None."""
        value: Any = self.props
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    @property
    def labels(self) -> dict[str, str]:
        """Docker labels as name → value."""
        return {str(one.get("label")): str(one.get("value")) for one in self.at("labels") or ()}

    @property
    def mounts(self) -> Sequence[Mapping[str, Any]]:
        """Mounts of a service."""
        found: Sequence[Mapping[str, Any]] = self.at("taskSpec.containerSpec.mounts") or ()
        return found

    @property
    def ports(self) -> Sequence[Mapping[str, Any]]:
        """Published ports of a service."""
        found: Sequence[Mapping[str, Any]] = self.at("endpointSpec.ports") or ()
        return found


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the stack file says besides the resources.

    Attributes:
        zones: name of a DNS zone → its id.
        secrets: every secret of the stack in clear; only ever compared with.
    """

    zones: Mapping[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of one resource.

    Attributes:
        name: such as `image-by-digest`.
        description: what holds when it is kept, in one line.
        types: the resources it is about.
        check: yields what is wrong, each with what to do.
    """

    name: str
    description: str
    types: Sequence[str]
    check: Callable[[Resource, Facts], Iterable[str]]

    def broken(self, resource: Resource, facts: Facts) -> Iterator[str]:
        """Yield what is wrong with a resource."""
        if resource.type in self.types:
            yield from self.check(resource, facts)


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule about resources together.

    Attributes:
        name: such as `certificate-for-each-name`.
        description: what holds when it is kept, in one line.
        check: yields which resource is wrong, and what with what to do.
    """

    name: str
    description: str
    check: Callable[[Sequence[Resource], Facts], Iterable[tuple[Resource, str]]]
