"""A map of entries as the engine keeps it: secrets as fingerprints, changes by path. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr

Bag = dict[str, Any]

_DIGITS = 12


@dataclass(frozen=True)
class Change:
    """One property that differs; the path is written as `hosts["acme"].forward_port`."""

    path: str
    kind: Literal["add", "delete", "update"]


def covered(value: object, salt: str) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return plain values in which each secret is a fingerprint of 12 hex digits.

    Args:
        value: as Pydantic dumps a model, secrets still wrapped.
        salt: of the resource, itself a secret: without it a fingerprint cannot be guessed at.
    """
    if isinstance(value, SecretStr):
        text = f"{salt}\0{value.get_secret_value()}"
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    if isinstance(value, Mapping):
        return {str(name): covered(item, salt) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [covered(item, salt) for item in value]
    return value


def compare(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """List every difference between two maps, an entry that came or went as one.

    Args:
        name: of the property that holds the map.
        old: what is recorded, covered.
        new: what is wanted, covered with the same salt.
    """
    return list(_compare(name, old, new))


def below(path: str, name: str) -> str:
    """Return the path of an entry of a map, in quotes: names have dashes and dots."""
    return f"{path}[{json.dumps(name)}]"


def _compare(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        place = below(path, name)
        if name not in new:
            yield Change(place, "delete")
        elif name not in old:
            yield Change(place, "add")
        elif isinstance(old[name], Mapping) and isinstance(new[name], Mapping):
            yield from _fields(place, old[name], new[name])
        elif old[name] != new[name]:
            yield Change(place, "update")


def _fields(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Compare two entries field by field; nothing and absent are one."""
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _compare(f"{path}.{name}", before, after)
        elif before != after:
            kind: Literal["add", "delete", "update"] = (
                "add" if before is None else "delete" if after is None else "update"
            )
            yield Change(f"{path}.{name}", kind)
