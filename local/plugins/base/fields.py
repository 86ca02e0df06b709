"""The words in which a stand-in describes the properties of a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a property holds."""

    TEXT = "string"
    FLAG = "boolean"
    INT = "integer"
    NUMBER = "number"
    MAP = "map of strings"
    LIST = "list"
    SET = "set"
    BLOCK = "object"


class Need(StrEnum):
    """Who gives a property its value.

    `COMPUTED` may be given; where it is not, what the other side chose stays and is no difference.
    """

    REQUIRED = "required"
    OPTIONAL = "optional"
    COMPUTED = "computed"
    OUTPUT = "output"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property: its kind, who gives it, and what a change of it means."""

    kind: Kind
    need: Need = Need.OPTIONAL
    replaces: bool = False
    secret: bool = False
    default: str | int | bool | None = None
    item: Field | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    problem: Callable[[str], str | None] | None = None
    same: Callable[[str, str], bool] | None = None

    @property
    def required(self) -> Field:
        """The same property, but it has to be given."""
        return replace(self, need=Need.REQUIRED)

    @property
    def computed(self) -> Field:
        """The same property, but the other side fills it when it is not given."""
        return replace(self, need=Need.COMPUTED)

    @property
    def output(self) -> Field:
        """The same property, but only the other side ever sets it."""
        return replace(self, need=Need.OUTPUT)

    @property
    def forcing(self) -> Field:
        """The same property, but a change of it needs a new resource."""
        return replace(self, replaces=True)


Fields = Mapping[str, Field]

TEXT = Field(kind=Kind.TEXT)
FLAG = Field(kind=Kind.FLAG)
INT = Field(kind=Kind.INT)
NUMBER = Field(kind=Kind.NUMBER)
MAP = Field(kind=Kind.MAP)
TEXTS = Field(kind=Kind.LIST, item=TEXT)
TEXT_SET = Field(kind=Kind.SET, item=TEXT)


def block(fields: Fields) -> Field:
    """Describe a nested object."""
    return Field(kind=Kind.BLOCK, fields=fields)


def blocks(fields: Fields) -> Field:
    """Describe a list of objects whose order counts."""
    return Field(kind=Kind.LIST, item=block(fields))


def block_set(fields: Fields) -> Field:
    """Describe a set of objects: their order does not count."""
    return Field(kind=Kind.SET, item=block(fields))


def one_of(*choices: str, default: str | None = None) -> Field:
    """Describe a text that has to be one of the given words."""

    def problem(value: str) -> str | None:
        return None if value in choices else f"has to be one of {', '.join(choices)}"

    return Field(kind=Kind.TEXT, default=default, problem=problem)


def at_least_zero(default: int | None = None) -> Field:
    """Describe a whole number that cannot be negative."""

    def problem(value: str) -> str | None:
        return "cannot be lower than 0" if int(value) < 0 else None

    return Field(kind=Kind.INT, default=default, problem=problem)
