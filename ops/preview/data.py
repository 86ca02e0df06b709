"""What data a change touches, from where it could come back, and whether it can be undone. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.preview.events import Change, Look
from ops.preview.services import named
from ops.preview.tenants import arriving
from ops.preview.transactions import Transaction

Kept = Mapping[str, Mapping[str, str]]
"""Application → source → file of its newest proven backup."""


def touched(look: Look, found: Sequence[Transaction], kept: Kept) -> list[str]:
    """Return what happens to data, and which backup it could come back from."""
    lines = [line for one in found for line in _release(one, kept)]
    for change in look.of("Volume"):
        lines += _volume(change)
    return lines


def undoing(look: Look, found: Sequence[Transaction]) -> list[str]:
    """Return how each part of a change is taken back."""
    lines = [_way_back(one) for one in found if one.runs]
    gone = [one.name for one in look.of("Service") if one.op == "delete"]
    if gone:
        lines.append(f"{named(gone)}: take back the change of the stack file; volumes are kept")
    new = arriving(look)
    if new and not look.is_first:
        lines.append(
            f"{named(new)}: first `state: archived`, brought up, then out of the stack file; the "
            "data stays"
        )
    if lost := [one.name for one in look.of("Volume") if _is_lost(one)]:
        lines.append(f"{named(lost)}: **cannot be undone**, the data is gone")
    if not lines and look.changes:
        lines.append("yes: take back the change of the stack file")
    return lines


def _release(one: Transaction, kept: Kept) -> Iterator[str]:
    if one.work:
        yield f"{one.app}: runs on its data: {named(one.work)}"
    if one.wave is not None:
        copies, keep = one.wave.get("copies"), one.wave.get("keep")
        yield (
            f"{one.app}: each site is copied, then migrated; the copies go into `{copies}`, the "
            f"last {keep} of each site kept"
        )
    elif one.backup is not None:
        first = "" if one.is_first else " first"
        yield f"{one.app}: backed up{first} and proven: {_sources(one.backup)}"
    elif one.work:
        yield f"{one.app}: **no backup is made before**, so no older data could come back"
    if (one.work or one.backup) and (files := kept.get(one.app)):
        yield f"{one.app}: the newest backup there is: {named(files.values())}"


def _sources(plan: Mapping[str, Any]) -> str:
    sources = [f"`{one.get('name')}` ({one.get('kind')})" for one in plan.get("sources") or ()]
    return f"{', '.join(sources)}, into `{plan.get('volume')}`, the last {plan.get('keep')} kept"


def _volume(change: Change) -> Iterator[str]:
    name = f"`{change.name}`"
    if change.op == "create":
        yield f"{name}: a new volume, empty unless one of this name is there"
    elif change.op in {"delete", "replace"} and change.protected:
        yield f"{name}: protected: an update refuses to take it away"
    elif change.op == "delete" and change.kept:
        yield f"{name}: forgotten by the stack, and stays on the host with its data"
    elif _is_lost(change):
        yield f"{name}: **deleted with its data**"


def _is_lost(change: Change) -> bool:
    safe = change.protected or change.kept
    return change.op in {"delete", "replace"} and not safe


def _way_back(one: Transaction) -> str:
    if one.is_first:
        return f"{one.app}: a first release that fails is taken away again; its volumes stay"
    if one.wave is not None:
        return (
            f"{one.app}: until the first site has been seen, by itself and as a whole; then a site "
            f"that fails gets its own data back; later: `make rollback APP={one.app}`"
        )
    later = f"later: `make rollback APP={one.app}`"
    if one.is_offline and one.backup is not None:
        return (
            f"{one.app}: by itself while it runs, image and data together; {later}, with `DATA=1` "
            "if the data is wrong too (what was written since is lost)"
        )
    if one.work:
        return f"{one.app}: by itself while it runs, the image; data stays as migrated; {later}"
    return f"{one.app}: by itself while it runs; {later}"
