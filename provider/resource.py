"""What one type of resource of this provider has to know; all else is the same for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from steps.inputs import Reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context

Given = TypeVar("Given", bound=Reached)
Failure = tuple[str, str]
"""The path of a property, and what is wrong with it (never its value)."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What there is on the other side.

    Attributes:
        entries: name → the values of the fields that are ours; secrets as `SecretStr`.
        facts: what the other side chose and the next call needs, for example identifiers.
    """

    entries: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What is recorded when a change begins.

    Attributes:
        names: of the entries that the resource holds; those not wanted any more go.
        changed: names of the entries whose declaration is not the recorded one; all, at first.
        facts: of the last look or change.
    """

    names: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Resource(ABC, Generic[Given]):
    """One resource that holds a map of entries.

    Attributes:
        token: its type.
        entries: name of the property that holds the map.
        model: its inputs.
        counted: names of the properties whose change is a difference, too; all others say how the
            entries are reached.
    """

    token: str
    entries: str
    model: type[Given]
    counted: tuple[str, ...] = ()

    @abstractmethod
    def identity(self, given: Given) -> str:
        """Return what people call the thing that holds the entries; the resource's id."""

    def refusals(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Failure]:
        """Return why a change of the map is not to be; pure.

        Args:
            old: the map as recorded; empty before the first time.
            new: the map that is wanted.
        """
        del old, new
        return []

    @abstractmethod
    def look(self, given: Given, facts: Mapping[str, Any], context: Context) -> Seen | None:
        """Return what there is, or None when the thing that would hold it does not exist.

        Args:
            given: the inputs.
            facts: of the last look or change.
            context: of the steps.

        Raises:
            HostError: the host cannot be reached, which is not the same as gone.
            StepError: what holds the entries cannot be asked now.
        """

    @abstractmethod
    def bring(self, given: Given, before: Before, context: Context) -> Seen:
        """Bring the other side to what is wanted, touching only what differs.

        It may have been killed half-way before: what is there already is taken over.

        Args:
            given: the inputs.
            before: what is recorded.
            context: of the steps.

        Raises:
            StepError: it failed; it can be run again.
        """
