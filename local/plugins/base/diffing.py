"""Compare what is recorded of a resource with what the program wants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from local.plugins.base.checking import join
from local.plugins.base.fields import Field, Fields, Kind, Need
from provider.wire.values import UNKNOWN, Bag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Action(StrEnum):
    """What happens to a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Change:
    """One property that differs."""

    path: str
    action: Action
    replaces: bool


def compare(state: Bag, inputs: Bag, fields: Fields) -> list[Change]:
    """List every property in which the wanted inputs differ from the recorded state.

    Empty, zero and absent are one: the Docker API and the SDKs use them for each other.
    """
    return list(_compare_block("", state, inputs, fields))


def settle(state: Bag, inputs: Bag, fields: Fields) -> Bag:
    """Complete the inputs with what the other side chose earlier for computed properties."""
    settled = dict(inputs)
    for name, field in fields.items():
        old, new = state.get(name), inputs.get(name)
        if new is None and field.need is Need.COMPUTED and old is not None:
            settled[name] = old
        elif field.kind is Kind.BLOCK and isinstance(new, dict) and isinstance(old, dict):
            settled[name] = settle(old, new, field.fields)
    return settled


def _compare_block(
    path: str, old: Mapping[str, object], new: Mapping[str, object], fields: Fields
) -> Iterator[Change]:
    for name, field in fields.items():
        before, after = old.get(name), new.get(name)
        if field.need is Need.OUTPUT or (after is None and field.need is Need.COMPUTED):
            continue
        yield from _compare_value(join(path, name), before, after, field)


def _compare_value(path: str, old: object, new: object, field: Field) -> Iterator[Change]:
    if new == UNKNOWN:
        yield Change(path, Action.UPDATE if old else Action.ADD, _forces(new, field))
    elif _is_zero(new) and _is_zero(old):
        return
    elif new is None:
        yield Change(path, Action.DELETE, _forces(old, field))
    elif old is None:
        yield Change(path, Action.ADD, _forces(new, field))
    elif isinstance(old, dict) and isinstance(new, dict) and field.kind is Kind.BLOCK:
        yield from _compare_block(path, old, new, field.fields)
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_map(path, old, new, field)
    elif isinstance(old, list) and isinstance(new, list) and field.item is not None:
        pair = _compare_set if field.kind is Kind.SET else _compare_list
        yield from pair(path, old, new, field)
    elif not _same(old, new, field):
        yield Change(path, Action.UPDATE, field.replaces)


def _compare_map(
    path: str, old: Mapping[str, object], new: Mapping[str, object], field: Field
) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        if key not in new:
            yield Change(join(path, key), Action.DELETE, field.replaces)
        elif key not in old:
            yield Change(join(path, key), Action.ADD, field.replaces)
        elif str(old[key]) != str(new[key]):
            yield Change(join(path, key), Action.UPDATE, field.replaces)


def _compare_list(
    path: str, old: list[object], new: list[object], field: Field
) -> Iterator[Change]:
    item = field.item or field
    for index in range(max(len(old), len(new))):
        place = f"{path}[{index}]"
        if index >= len(new):
            yield Change(place, Action.DELETE, field.replaces or _forces(old[index], item))
        elif index >= len(old):
            yield Change(place, Action.ADD, field.replaces or _forces(new[index], item))
        else:
            for change in _compare_value(place, old[index], new[index], item):
                yield Change(change.path, change.action, change.replaces or field.replaces)


def _compare_set(path: str, old: list[object], new: list[object], field: Field) -> Iterator[Change]:
    """Match elements by content; as in Terraform, a changed element is one gone and one new."""
    item = field.item or field
    before = {_canonical(value, item): (i, value) for i, value in enumerate(old)}
    after = {_canonical(value, item): (i, value) for i, value in enumerate(new)}
    gone = [before[key] for key in before if key not in after]
    come = [after[key] for key in after if key not in before]
    for index, value in come:
        action = Action.UPDATE if gone else Action.ADD
        forced = field.replaces or _forces(value, item)
        if gone:
            forced = forced or _forces(gone.pop(0)[1], item)
        yield Change(f"{path}[{index}]", action, forced)
    for index, value in gone:
        forced = field.replaces or _forces(value, item)
        yield Change(f"{path}[{index}]", Action.DELETE, forced)


def _canonical(value: object, field: Field) -> str:
    """Write an element so that two equal ones give one text, whatever they leave out."""
    if isinstance(value, dict) and field.kind is Kind.BLOCK:
        parts = {
            name: _canonical(value[name], inner)
            for name, inner in field.fields.items()
            if not _is_zero(value.get(name)) and inner.need is not Need.OUTPUT
        }
        return json.dumps(parts, sort_keys=True)
    if isinstance(value, list) and field.item is not None:
        parts_list = [_canonical(item, field.item) for item in value]
        return json.dumps(sorted(parts_list) if field.kind is Kind.SET else parts_list)
    return json.dumps(value, sort_keys=True)


def _forces(value: object, field: Field) -> bool:
    """Tell whether a value, or a part of it that is set, can only be given to a new resource."""
    if field.replaces:
        return True
    if isinstance(value, dict):
        return any(_forces(value[n], f) for n, f in field.fields.items() if value.get(n))
    if isinstance(value, list) and field.item is not None:
        return any(_forces(item, field.item) for item in value)
    return False


def _is_zero(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_zero(item) for item in value.values())
    return not value


def _same(old: object, new: object, field: Field) -> bool:
    if old == new:
        return True
    return bool(field.same and field.same(str(old), str(new)))
