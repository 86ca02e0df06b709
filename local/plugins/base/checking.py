"""Check what a program gives for a resource, and fill in the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from local.plugins.base.fields import Field, Fields, Kind, Need
from provider.wire.values import UNKNOWN, Bag

if TYPE_CHECKING:
    from collections.abc import Iterator

Failure = tuple[str, str]
"""The path of a property, and what is wrong with it (never its value)."""


def check(inputs: Bag, fields: Fields) -> tuple[Bag, list[Failure]]:
    """Return the inputs with defaults and the right types, and every mistake in them."""
    failures: list[Failure] = []
    return _check_block(inputs, fields, "", failures), failures


def join(path: str, name: str) -> str:
    """Write the path of a property inside another one, as the engine does."""
    if not path:
        return name
    return f"{path}.{name}" if name.isidentifier() else f'{path}["{name}"]'


def _check_block(bag: Mapping[str, object], fields: Fields, path: str, found: list[Failure]) -> Bag:
    checked: Bag = {}
    found.extend(
        (join(path, name), "invalid or unknown key")
        for name in bag
        if name not in fields or fields[name].need is Need.OUTPUT
    )
    for name, field in fields.items():
        value = bag.get(name)
        if value is None:
            value = field.default
        if value is not None and field.need is not Need.OUTPUT:
            checked[name] = _check_value(value, field, join(path, name), found)
        elif field.need is Need.REQUIRED:
            found.append((join(path, name), "missing required property"))
    return checked


def _check_value(value: object, field: Field, path: str, found: list[Failure]) -> object:
    if value == UNKNOWN:
        return value
    match field.kind:
        case Kind.BLOCK if isinstance(value, Mapping):
            return _check_block(value, field.fields, path, found)
        case Kind.LIST | Kind.SET if isinstance(value, list) and field.item is not None:
            return list(_check_items(value, field.item, path, found))
        case Kind.MAP if isinstance(value, Mapping):
            entry = Field(kind=Kind.TEXT)
            return {k: _check_value(v, entry, join(path, k), found) for k, v in value.items()}
        case Kind.BLOCK | Kind.LIST | Kind.SET | Kind.MAP:
            found.append((path, f"expected a {field.kind}"))
            return value
        case _:
            return _check_scalar(value, field, path, found)


def _check_items(
    items: Iterable[object], item: Field, path: str, found: list[Failure]
) -> Iterator[object]:
    for index, value in enumerate(items):
        yield _check_value(value, item, f"{path}[{index}]", found)


def _check_scalar(value: object, field: Field, path: str, found: list[Failure]) -> object:
    try:
        scalar = _coerce(value, field.kind)
    except ValueError:
        found.append((path, f"expected a {field.kind}"))
        return value
    reason = field.problem(str(scalar)) if field.problem else None
    if reason:
        found.append((path, reason))
    return scalar


def _coerce(value: object, kind: Kind) -> object:
    """Convert between scalars as the official bridge does: 80 and "80" are one port.

    Raises:
        ValueError: the value is not of this kind.
    """
    match kind, value:
        case Kind.TEXT, bool():
            return "true" if value else "false"
        case Kind.TEXT, str() | int() | float():
            return str(value)
        case Kind.FLAG, bool():
            return value
        case Kind.FLAG, "true" | "false":
            return value == "true"
        case Kind.INT, int() | str() if not isinstance(value, bool):
            return int(value)
        case Kind.NUMBER, int() | float() | str() if not isinstance(value, bool):
            number = float(value)
            return int(number) if number.is_integer() else number
    raise ValueError(kind)
