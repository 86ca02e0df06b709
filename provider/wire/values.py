"""Property values as plain Python, the form in which a provider compares and computes.

The engine marks a value that is not known yet with a fixed text, `UNKNOWN`. The experimental
provider interface hands it over as an ordinary text, so it is kept as one here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

Bag = dict[str, Any]

__all__ = ["UNKNOWN", "Bag", "has_unknown", "plain", "plain_bag", "wrap", "wrap_bag"]


def plain(value: PropertyValue) -> object:
    """Unwrap a property value: no secret marks, no nulls inside maps, whole numbers as int."""
    inner = value.value
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, Mapping):
        return plain_bag(inner)
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    return inner


def plain_bag(values: Mapping[str, PropertyValue]) -> Bag:
    """Unwrap a map of property values, leaving out what is null."""
    return {name: plain(item) for name, item in values.items() if item.value is not None}


def wrap(value: object) -> PropertyValue:
    """Wrap plain Python into a property value.

    Raises:
        TypeError: the value has a type that cannot go over the wire.
    """
    if isinstance(value, Mapping):
        return PropertyValue({str(name): wrap(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([wrap(item) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if value is None or isinstance(value, bool | float | str):
        return PropertyValue(value)
    raise TypeError(f"a property cannot hold a {type(value).__name__}")


def wrap_bag(values: Mapping[str, object], secrets: frozenset[str]) -> dict[str, PropertyValue]:
    """Wrap a bag, marking the named keys as secret and leaving out what is null."""
    return {
        name: wrap(item).with_secret(name in secrets)
        for name, item in values.items()
        if item is not None
    }


def has_unknown(value: object) -> bool:
    """Tell whether a value, at any depth, is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value == UNKNOWN
