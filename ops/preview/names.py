"""Which DNS names and certificates change. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.preview.events import Change, Look
from ops.preview.fields import fields
from ops.preview.services import named, routes

_AUTOMATIC_S = 300
"""What Cloudflare makes of a TTL of 1 (its documentation)."""


def names(look: Look) -> list[str]:
    """Return each record that changes, and each certificate that comes or goes."""
    lines = [line for change in look.of("DnsRecord") for line in _record(change)]
    return [*lines, *_certificates(look)]


def _record(change: Change) -> Iterator[str]:
    record = change.inputs
    name, to = f"`{record.get('name')}` {record.get('type')}", f"`{record.get('content')}`"
    if change.op == "create":
        yield f"{name}: new, to {to}"
    elif change.op == "delete":
        yield f"{name}: goes; it led to {to}"
    else:
        told = ", ".join(f"{one.path} {one.old} → {one.new}" for one in fields(change))
        yield f"{name}: {told}; everybody follows within {_ttl(change.old)} s"


def _ttl(record: Mapping[str, Any]) -> int:
    ttl = int(record.get("ttl") or 1)
    return ttl if ttl > 1 else _AUTOMATIC_S


def _certificates(look: Look) -> Iterator[str]:
    before: set[str] = set()
    after: set[str] = set()
    for change in look.of("Service"):
        before |= {name for name, one in routes(change.old).items() if one.certified}
        after |= {name for name, one in routes(change.new).items() if one.certified}
    if new := sorted(after - before):
        yield f"{named(new)}: the edge gets a certificate; the name has to lead to it by then"
    if gone := sorted(before - after):
        yield f"{named(gone)}: the certificate is used no more"
