"""Tenants that a change touches: they are entries of maps inside few resources. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.preview.events import Change, Look
from ops.preview.fields import fields
from ops.preview.services import named

_HOSTS = "estate:npm:ProxyHosts"
_SITES = "estate:erp:Sites"
_MAPS = {
    _HOSTS: ("hosts", "proxy host"),
    "estate:npm:Certificates": ("certificates", "certificate"),
    "estate:npm:AccessLists": ("access_lists", "access list"),
    _SITES: ("sites", "site"),
}
"""Resources with an entry for each tenant → the input that holds them, and what an entry is."""
_ENTRY = re.compile(r'(?:\["([^"]+)"\]|\.([\w-]+))(?:\.?(.*))$')
_IMAGE = "job.image"
"""Changes with a release, for every tenant at once."""
_NAMED = 10
"""Tenants of a release that are named; there may be a thousand."""


def tenants(look: Look) -> list[str]:
    """Return each tenant with what happens to each entry of it, then whom a release reaches."""
    found: dict[str, list[str]] = {}
    everybody: list[str] = []
    for change in look.changes:
        if change.type not in _MAPS:
            continue
        for tenant, text in _entries(change):
            found.setdefault(tenant, []).append(text)
        if any(field.path == _IMAGE for field in fields(change)) and change.op == "update":
            everybody = [*everybody, *_held(change.new, _MAPS[change.type][0])]
    lines = [f"`{tenant}`: {', '.join(texts)}" for tenant, texts in sorted(found.items())]
    return [*lines, *_reached(sorted(set(everybody)))]


def addresses(look: Look) -> list[str]:
    """Return each name of a customer that answers for the first time, or no more."""
    lines = []
    for change in look.changes:
        if change.type != _HOSTS:
            continue
        key = _MAPS[_HOSTS][0]
        old, new = (_served(_held(inputs, key)) for inputs in (change.old, change.new))
        lines += [f"`{name}` is new" for name in sorted(new - old)]
        lines += [f"`{name}` answers no more" for name in sorted(old - new)]
    return lines


def arriving(look: Look) -> list[str]:
    """Return the customers whose site is new."""
    found = [change for change in look.changes if change.type == _SITES]
    key = _MAPS[_SITES][0]
    return sorted({
        name for one in found for name in {*_held(one.new, key)} - {*_held(one.old, key)}
    })


def _served(hosts: Mapping[str, Any]) -> set[str]:
    on = (one for one in hosts.values() if one.get("enabled", True))
    return {str(name) for one in on for name in one.get("domain_names") or ()}


def _entries(change: Change) -> Iterator[tuple[str, str]]:
    key, what = _MAPS[change.type]
    old, new = _held(change.old, key), _held(change.new, key)
    touched: dict[str, set[str]] = {}
    for field in fields(change):
        if field.path.startswith(key) and (entry := _ENTRY.match(field.path, len(key))):
            touched.setdefault(entry[1] or entry[2], set()).add(entry[3])
    for tenant, parts in sorted(touched.items()):
        if tenant not in old:
            yield tenant, f"new {what}{_names(new[tenant])}"
        elif tenant not in new:
            yield tenant, f"{what} goes{_names(old[tenant])}"
        else:
            yield tenant, f"{what}: {', '.join(sorted(filter(None, parts))) or 'changed'}"


def _held(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return tenant → entry."""
    return dict(inputs.get(key) or {})


def _names(entry: Mapping[str, Any]) -> str:
    """Return the names that an entry is about, in brackets."""
    names = entry.get("domain_names") or ([entry["site"]] if entry.get("site") else [])
    return f" ({named(names)})" if names else ""


def _reached(everybody: list[str]) -> Iterator[str]:
    if everybody:
        more = f" and {len(everybody) - _NAMED} more" if len(everybody) > _NAMED else ""
        yield f"the release reaches all {len(everybody)}: {named(everybody[:_NAMED])}{more}"
