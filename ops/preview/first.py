"""The first update of an empty stack: all is new, so it is told by kind, in few lines. Pure."""

from collections.abc import Sequence

from ops.preview.events import Look
from ops.preview.services import named, routes
from ops.preview.tenants import tenants
from ops.preview.transactions import Transaction

_KINDS = {
    "Service": "services",
    "Volume": "volumes",
    "Network": "networks",
}


def first(look: Look, found: Sequence[Transaction]) -> list[str]:
    """Return what the stack will be made of."""
    listed = {what: _names(look, kind) for kind, what in _KINDS.items()}
    lines = [f"{what}: {named(of)}" for what, of in listed.items() if of]
    if secrets := look.of("Secret"):
        lines.append(f"secrets: {len(secrets)}, each a file of the task that needs it")
    lines += [f"{one.app}: {', '.join(one.runs)}" for one in found]
    if urls := sorted({one.url for c in look.of("Service") for one in routes(c.new).values()}):
        lines.append(f"addresses: {', '.join(urls)}")
    if records := look.of("DnsRecord"):
        told = {f"`{one.new.get('name')}` → {one.new.get('content')}" for one in records}
        lines.append(f"DNS records: {', '.join(sorted(told))}")
    return [*lines, *(f"tenant {one}" for one in tenants(look))]


def _names(look: Look, kind: str) -> list[str]:
    return sorted(change.name for change in look.of(kind))
