"""What restarts and for how long, and what users notice of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.preview.events import Change, Look
from ops.preview.services import absence, is_edge, labels, named, order, restarts, routes
from ops.preview.tenants import addresses
from ops.preview.transactions import Transaction, switched


def restarting(look: Look, found: Sequence[Transaction]) -> list[str]:
    """Return what stops, starts or goes, and for how long it is away."""
    releases = switched(found)
    inputs = {change.name: change.new for change in look.of("Service")}
    lines = [
        _switch(one, inputs.get(one.service)) for one in found if one.switches and not one.is_first
    ]
    for change in look.of("Service"):
        if change.name not in releases or releases[change.name].is_first:
            lines += _service(change)
    moved = [change.name for change in look.changes if change.type.startswith("pulumi:")]
    if moved:
        lines.append(f"how {named(moved)} is reached changes; nothing restarts for it")
    return lines


def noticed(look: Look, found: Sequence[Transaction]) -> list[str]:
    """Return what users notice, address by address."""
    releases = switched(found)
    lines = [_closed(one) for one in found if one.wave and not one.is_first]
    for change in look.of("Service"):
        release = releases.get(change.name)
        old, new = routes(change.old), routes(change.new)
        lines += [f"{new[domain].url} is new" for domain in new if domain not in old]
        lines += [f"{old[domain].url} answers no more" for domain in old if domain not in new]
        staying = [new[domain].url for domain in new if domain in old]
        if release is not None and not release.is_first:
            lines += [f"{url} {_during(release, change)}" for url in staying]
        elif restarts(change):
            lines += _restart(change, staying)
    return [*lines, *addresses(look)]


def _switch(release: Transaction, inputs: Mapping[str, Any] | None) -> str:
    """Return what the release itself says of its switch, without its mode."""
    if release.mode == "offline" and not release.is_offline and inputs is not None:
        about, most = absence(inputs)
        return f"`{release.service}` restarts: away for about {about} s, at most {most} s"
    if release.wave is not None:
        return f"{named(release.services)}: {release.words.removeprefix(f'{release.mode}: ')}"
    words = release.words.removeprefix(f"{release.mode}: ").partition("; undone")[0]
    others = [one for one in release.writers if one != release.service]
    if others and release.is_offline:
        words += f"; {named(others)} stopped too"
    return words.replace(release.service, f"`{release.service}`", 1)


def _closed(release: Transaction) -> str:
    wave = release.wave or {}
    canary = f", `{wave['canary']}` first" if wave.get("canary") else ""
    return f"each site of {release.app} is closed while it is copied and migrated{canary}"


def _service(change: Change) -> Iterator[str]:
    name = f"`{change.name}`"
    about, most = absence(change.inputs)
    if change.op == "create":
        yield f"{name} starts, for the first time"
    elif change.op == "delete":
        yield f"{name} stops and is removed"
    elif change.op == "replace":
        yield f"{name} is removed and made anew: away for about {about} s, at most {most} s"
    elif not restarts(change):
        yield f"{name} keeps running: what changes is around its task"
    elif order(change.new) == "start-first":
        yield f"{name} is never away; the old task ends when the new one serves"
    else:
        yield f"{name} restarts: away for about {about} s, at most {most} s"


def _during(release: Transaction, change: Change) -> str:
    about, most = absence(change.new)
    if release.is_offline:
        return (
            "is away while data is backed up and migrated, and then for about "
            f"{about} s, at most {most} s"
        )
    if order(change.new) == "start-first":
        return "keeps answering; a connection that is open when the old task ends is made anew"
    return f"is away for about {about} s, at most {most} s"


def _restart(change: Change, urls: Sequence[str]) -> list[str]:
    about, most = absence(change.new)
    away = f"for about {about} s, at most {most} s"
    if is_edge(change.new):
        return [f"every address of this edge (`{change.name}`) is away {away}"]
    if order(change.new) == "start-first" and change.op == "update":
        return []
    if urls:
        return [f"{url} is away {away}" for url in urls]
    system = labels(change.new).get("estate.system", "")
    return [f"what {system} needs of `{change.name}` fails {away}".replace("  ", " ")]
