"""Compares two specifications as the Docker API has them, field by field; pure.

Generic on purpose: a field that this program has never heard of is compared too, because a person
can set it by hand.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One field that differs.

    Attributes:
        path: as a preview names it, for example `taskSpec.containerSpec.env.DEBUG`.
        declared: the value that was asked for, None for nothing.
        found: the value there is, None for nothing.
    """

    path: str
    declared: object
    found: object


class Elements(dict[str, Any]):
    """A list whose order means nothing, its elements by what tells them apart."""


class Members(Elements):
    """Such a list whose elements are what they are, without a name."""


_NAMES = {
    "TaskTemplate": "taskSpec",
    "Reservations": "reservation",
    "Networks": "networksAdvanceds",
    "Command": "commands",
    "CapabilityAdd": "capAdds",
    "CapabilityDrop": "capDrops",
    "DNSConfig": "dnsConfig",
    "Test": "tests",
    "Preferences": "prefs",
    "NanoCPUs": "nanoCpus",
    "TTY": "tty",
    "UID": "uid",
    "GID": "gid",
}
"""Where the provider's word for a field is not Docker's own with a small first letter."""

_DEFAULTS = {"isolation": "default", "runtime": "container"}
"""What Docker writes out, or not, for the same thing."""

_SETS = {"constraints", "aliases", "capAdds", "capDrops", "platforms", "groups", "hosts"}


def canonical(spec: Mapping[str, Any], networks: Mapping[str, str]) -> dict[str, Any]:
    """Return a specification in the provider's words, its unordered lists as `Elements`.

    Args:
        spec: for example of a service.
        networks: id → name: what a person knows a network by, and what outlives its id.
    """
    keyed = _keyed(networks)
    return {name: _value(name, value, keyed) for name, value in _named(spec)}


def differences(
    declared: Mapping[str, Any], found: Mapping[str, Any], path: str = ""
) -> Iterator[Difference]:
    """Yield each field in which two canonical specifications differ.

    Absent, empty and zero are one: Docker uses them for each other.
    """
    for name in sorted({*declared, *found}):
        yield from _compare(joined(path, name), declared.get(name), found.get(name))


def joined(path: str, name: str) -> str:
    """Return the path of a field below another one."""
    if not name.replace("_", "a").replace("-", "a").isalnum():
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name


def _compare(path: str, declared: object, found: object) -> Iterator[Difference]:
    if _is_nothing(declared) and _is_nothing(found):
        return
    if isinstance(declared, Elements) or isinstance(found, Elements):
        yield from _compare_elements(path, _mapping(declared), _mapping(found))
    elif isinstance(declared, dict) or isinstance(found, dict):
        yield from differences(_mapping(declared), _mapping(found), path)
    elif isinstance(declared, list) and isinstance(found, list):
        gone = [one for one in declared if one not in found]
        come = [one for one in found if one not in declared]
        if gone or come:
            yield Difference(path, gone or None, come or None)
        elif declared != found:
            yield Difference(path, declared, found)
    elif declared != found:
        yield Difference(path, declared, found)


def _compare_elements(
    path: str, declared: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[Difference]:
    nameless = isinstance(declared, Members) or isinstance(found, Members)
    for key in sorted({*declared, *found}):
        at = path if nameless else joined(path, key)
        if key in declared and key in found:
            yield from _compare(at, declared[key], found[key])
        else:
            # A whole element is one thing that a person has done, however many fields it has.
            yield Difference(at, declared.get(key), found.get(key))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_nothing(value: object) -> bool:
    if isinstance(value, Elements):
        return not value
    if isinstance(value, dict):
        return all(_is_nothing(item) for item in value.values())
    return not value


def _named(block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in block.items():
        word = _NAMES.get(name, name[:1].lower() + name[1:])
        if _DEFAULTS.get(word) != value:
            yield word, value


_Key = Callable[[Any], tuple[str, Any]]


def _value(name: str, value: object, keyed: Mapping[str, _Key]) -> object:
    if isinstance(value, dict):
        if name in {"labels", "options", "driverOpts", "sysctls"}:
            return Elements(value)
        return {below: _value(below, item, keyed) for below, item in _named(value)}
    if isinstance(value, list) and name in keyed:
        pairs = (keyed[name](item) for item in value)
        return Elements({key: _value("", item, keyed) for key, item in pairs})
    if isinstance(value, list) and name in _SETS:
        return Members({json.dumps(item, sort_keys=True): item for item in value})
    return value


def _keyed(networks: Mapping[str, str]) -> dict[str, _Key]:
    """Return name of a list → what tells its elements apart, and what is left to compare."""

    def network(item: dict[str, Any]) -> tuple[str, Any]:
        target = str(item.get("Target"))
        return networks.get(target, target), {**item, "Target": networks.get(target, target)}

    return {
        "env": lambda item: (item.partition("=")[0], item.partition("=")[2]),
        "mounts": lambda item: (str(item.get("Target")), item),
        "secrets": _file,
        "configs": _file,
        "networksAdvanceds": network,
        "ports": lambda item: (f"{item.get('TargetPort')}/{item.get('Protocol', 'tcp')}", item),
    }


def _file(item: dict[str, Any]) -> tuple[str, Any]:
    """Return a mounted secret or config by its path; its id says no more than its name."""
    named = {name: value for name, value in item.items() if name not in {"SecretID", "ConfigID"}}
    return str((item.get("File") or {}).get("Name")), named
