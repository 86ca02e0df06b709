"""What a drift check finds, and what it could not look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

GONE = "nothing: it is gone"
EXISTS = "that it exists"


class Severity(StrEnum):
    """What a finding means to the people who use the estate."""

    CRITICAL = "critical"
    """Users, data or the outside are affected, or soon will be."""
    WARNING = "warning"
    """The next update, fault or restart goes another way than declared."""
    NOTE = "note"
    """Nothing depends on it."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One field that is not as declared, or one thing that nobody declared.

    Attributes:
        resource: its name in the stack; of what nobody declared, kind and name: `service:probe`.
        field: path of the field as a preview names it, empty for the whole thing.
        declared: what the stack says; secrets are masked.
        found: what there is.
        urn: the engine's name of the resource, empty for what an update would not touch.
        since: ISO 8601 time of the last change of the whole thing, empty when nobody knows.
        severity: what it means.
        todo: how to put it back or to keep it; `{stack}` stands for the stack's name.
    """

    resource: str
    field: str
    declared: str
    found: str
    urn: str = ""
    since: str = ""
    severity: Severity = Severity.WARNING
    todo: str = ""

    @property
    def gone(self) -> bool:
        """Whether the whole resource is missing."""
        return self.found == GONE


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Something that did not answer; what depends on it has neither drifted nor not.

    Attributes:
        what: for example `host vps`.
        why: its last words, secrets masked.
        resources: the names in the stack that could not be compared.
        urn: the engine's name of the one resource that it is about, where an update may mend it.
    """

    what: str
    why: str
    resources: tuple[str, ...] = ()
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Look:
    """The result of one look at everything.

    Attributes:
        found: the drift, the worst first.
        unknown: what could not be looked at.
        compared: how many declared resources were compared.
    """

    found: tuple[Drift, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    compared: int = 0


_RANK = list(Severity)


def sorted_findings(found: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return findings, the worst first, those of one resource beside each other; pure."""
    every = list(found)
    worst: dict[str, int] = {}
    for one in every:
        rank = _RANK.index(one.severity)
        worst[one.resource] = min(rank, worst.get(one.resource, rank))
    return tuple(sorted(every, key=lambda one: (worst[one.resource], one.resource, one.field)))
