"""Lists the proven copies of an application's data, and says which of them belong together."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from ops.applications import known_names, some
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.kept import Kept, all_kept
from ops.plans import Deployed, ground
from ops.stacks import made
from ops.table import table
from steps import backups as copies_of
from steps.backups import Copy

LATEST = "latest"
_HEADING = ("app", "source", "file", "created", "release", "kind", "bytes", "rows", "seconds")


def backups(stack: str, app: str | None, *, as_json: bool) -> int:
    """Print what copies there are; return 0.

    Args:
        stack: its name.
        app: the one application that is wanted, or None for all that make backups.
        as_json: whole manifests instead of a table.

    Raises:
        OpsError: nothing of the application was released yet, or it makes no backups.
    """
    engine = made(stack)
    estate = estate_of(engine)
    wanted, there = {one.name for one in some(estate, app)}, all_kept(engine, estate)
    found = {name: one for name, one in there.items() if name in wanted}
    if not found:
        raise OpsError(
            f"no backups are known on stack {stack}: nothing that makes any has been released",
            todo=f"bring it up first: make up STACK={stack}; known: {known_names(estate)}",
        )
    kept = {name: of_sites(one) if one.bench else catalog(one.of) for name, one in found.items()}
    sys.stdout.write(as_data(kept) if as_json else as_text(kept))
    return 0


def of_sites(one: Kept) -> tuple[Copy, ...]:
    """Return every proven copy of a bench's sites, oldest first."""
    with one.reached({}) as (swarm, context):
        kept = copies_of.catalog(swarm, one.plan, context)
    return tuple(copy for copy in kept if copy.kind == "site")


def catalog(of: Deployed) -> tuple[Copy, ...]:
    """Return every proven copy of an application's sources, oldest first."""
    plan = of.backup.plan
    names = {source.name for source in plan.sources}
    with ground(of) as on:
        kept = copies_of.catalog(on.swarm, plan, on.context)
    # Two applications of one system may share a volume.
    return tuple(copy for copy in kept if copy.source in names)


def as_data(kept: Mapping[str, Sequence[Copy]]) -> str:
    """Return the manifests for programs; pure."""
    shown = {app: [copy.model_dump(mode="json") for copy in one] for app, one in kept.items()}
    return json.dumps(shown, indent=2) + "\n"


def as_text(kept: Mapping[str, Sequence[Copy]]) -> str:
    """Return a table for people, and how each kind was proven; pure."""
    rows = [_row(app, copy) for app, copies in kept.items() for copy in copies]
    if not rows:
        return f"no proven copy yet of {', '.join(kept)}\n"
    proofs = {copy.kind: copy.proof for copies in kept.values() for copy in copies}
    told = "".join(f"proof ({kind}): {proof}\n" for kind, proof in sorted(proofs.items()))
    return f"{table([_HEADING, *rows])}\n{told}"


def _row(app: str, copy: Copy) -> tuple[str, ...]:
    rows = str(sum(copy.tables.values())) if copy.tables else "-"
    return (
        *(app, copy.source, copy.file, copy.created, copy.release, copy.kind),
        *(str(copy.bytes), rows, f"{copy.seconds:g}"),
    )


def picked(kept: Sequence[Copy], wanted: str) -> tuple[Copy, ...]:
    """Return the copies that a person means, one per source; pure.

    Args:
        kept: the catalog, oldest first.
        wanted: `latest` for the newest of each source; one file for it and what was copied with
            it; several, with commas, for exactly these.

    Raises:
        OpsError: there is no such copy.
    """
    if not kept:
        raise OpsError("there is no proven copy", todo="see which there are: make backups")
    if wanted == LATEST:
        return tuple({copy.source: copy for copy in kept}.values())
    found = [_of_file(kept, name.strip()) for name in wanted.split(",")]
    if len(found) > 1:
        if len({copy.source for copy in found}) < len(found):
            raise OpsError(
                "two of these are copies of the same source",
                todo="name one of each source: make backups shows them",
            )
        return tuple(found)
    (first,) = found
    others: dict[str, Copy] = {}
    for copy in (one for one in kept if one.release == first.release):
        near = others.get(copy.source)
        if near is None or _gap(copy, first) < _gap(near, first):
            others[copy.source] = copy
    return tuple({**others, first.source: first}.values())


def told(copies: Sequence[Copy], of: Deployed) -> list[str]:
    """Return which data come back, of when, and what is lost by it; pure."""
    lines = []
    for copy in copies:
        rows = f", {sum(copy.tables.values())} rows in {len(copy.tables)} tables"
        lines.append(
            f"  {copy.source:<9} from {copy.file}, of {copy.created}, release {copy.release}"
            f"{rows if copy.tables else f', {copy.bytes} bytes'}"
        )
    sources = {source.name for source in of.backup.plan.sources}
    left = sorted(sources - {copy.source for copy in copies})
    lines += [f"  {name:<9} stays as it is: no copy of it is among these" for name in left]
    oldest = min(copy.created for copy in copies)
    seconds = sum(copy.seconds for copy in copies)
    return [
        *lines,
        f"  lost      everything written since {oldest}",
        "  kept      what is there now is copied and proven first; make restore brings it back",
        f"  absence   {of.plan.service} is stopped while data is copied and put back, and starts",
        f"            (these copies took {seconds:.0f} s; proving and putting back takes as long)",
    ]


def _of_file(kept: Sequence[Copy], file: str) -> Copy:
    for copy in kept:
        if copy.file == file:
            return copy
    raise OpsError(
        f"there is no proven copy {file}; the newest is {kept[-1].file}",
        todo="name one that is kept: make backups shows them",
    )


def _gap(one: Copy, other: Copy) -> float:
    """Return the seconds between two copies."""
    return abs(_moment(one) - _moment(other))


def _moment(copy: Copy) -> float:
    return datetime.fromisoformat(copy.created).timestamp()
