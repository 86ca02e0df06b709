"""The fields in which two states of a resource differ. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.preview.events import Change

_PLAIN = re.compile(r"[A-Za-z_][\w-]*")
_QUOTED = re.compile(r'\["([A-Za-z_][\w-]*)"\]')
_OF_THE_ENGINE = "__"
"""Inputs that the engine keeps for itself begin with it."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that differs.

    Attributes:
        path: such as `taskSpec.containerSpec.image` or `labels["estate.stack"]`.
        old: as JSON; None when it was not there.
        new: as JSON; None when it will not be there.
    """

    path: str
    old: str | None
    new: str | None


def fields(change: Change) -> list[Field]:
    """Return every field in which a change differs, in the order of their paths.

    Inputs are compared with inputs. What the engine names besides has been changed on the host.
    """
    old, new = dict(_leaves(change.old)), dict(_leaves(change.new))
    paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    found = [Field(path=path, old=old.get(path), new=new.get(path)) for path in paths]
    if change.op == "create" or found:
        return found
    seen, paths = dict(_leaves(change.seen)), sorted(map(_as_ours, change.paths))
    return [Field(path=one, old=seen.get(one), new=new.get(one)) for one in paths]


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path → JSON of everything that has no parts of its own."""
    value = _opened(value)
    if isinstance(value, Mapping) and value:
        for name in value:
            if not str(name).startswith(_OF_THE_ENGINE):
                yield from _leaves(value[name], below(path, str(name)))
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        if all(set(one) == {"label", "value"} for one in value):
            for one in value:
                yield from _leaves(one["value"], below(path, str(one["label"])))
        else:
            for index, one in enumerate(value):
                yield from _leaves(one, f"{path}[{index}]")
    elif path:
        yield path, json.dumps(value, ensure_ascii=False, sort_keys=True)


def _opened(value: object) -> object:
    """Return what a text that holds JSON says; any other value is itself."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _as_ours(path: str) -> str:
    """Return a path of the engine, which quotes more names than need it."""
    return _QUOTED.sub(r".\1", path)


def below(path: str, name: str) -> str:
    """Return the path of a part."""
    if not _PLAIN.fullmatch(name):
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name
