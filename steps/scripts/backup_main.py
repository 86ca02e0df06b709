"""Carries out one plan on the volume of the backups, inside a container of the tools image.

Runs with the plan as JSON in its first argument. The last line on stdout starts with `ESTATE ` and
holds the result, or the error, as JSON. Postgres is copied and restored on its own image, by the
shell programs beside this file; here its copies are only pruned and listed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.scripts import (
    drill,
    folder_copy,
    folder_restore,
    offsite,
    offsite_load,
    records,
    sqlite_copy,
    sqlite_restore,
)
from steps.scripts.remote import Remote, secrets_of
from steps.scripts.restic import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "ESTATE "


def take(plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Copy and prove every source, then prune; stop at the first failure."""
    repository = Repository(root / "restic")
    made = {}
    for source in plan["sources"]:
        with about(source["name"]):
            manifest = take_one(source, root, plan["release"], repository)
        if manifest is not None:
            made[source["name"]] = records.short(manifest)
    for source in plan["sources"]:
        if source["name"] in made:
            with about(source["name"]):
                prune(root / source["name"], source["kind"], plan["keep"], repository)
    return {"copies": list(made.values())}


def take_one(
    source: dict[str, Any], root: Path, release: str, repository: Repository, *, keep: bool = True
) -> dict[str, Any] | None:
    """Copy and prove one source; None when there is nothing yet, or nothing is to be kept."""
    folder, place = root / source["name"], Path(source["place"])
    if source["kind"] == "sqlite":
        return sqlite_copy.take(folder, place, release, keep=keep)
    if source["kind"] == "folder":
        return folder_copy.take(folder, place, release, repository, keep=keep)
    return records.chosen(folder, source["file"])


def rehearse(plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Copy and prove every source, and keep nothing of it."""
    repository = Repository(root / "restic")
    for source in plan["sources"]:
        with about(source["name"]):
            take_one(source, root, plan["release"], repository, keep=False)
    return {"rehearsed": [source["name"] for source in plan["sources"]]}


def prune(folder: Path, kind: str, keep: int, repository: Repository) -> None:
    """Remove what is beyond the newest `keep` copies of one source."""
    if kind == "folder":
        folder_copy.prune(folder, keep, repository)
        return
    for manifest in records.superseded(folder, keep):
        records.remove(folder, manifest)


def restore(plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Bring back the chosen copy of every source."""
    repository = Repository(root / "restic")
    done = []
    for source in plan["sources"]:
        folder, place, file = root / source["name"], Path(source["place"]), source["file"]
        with about(source["name"]):
            if source["kind"] == "sqlite":
                done.append(sqlite_restore.restore(folder, place, file))
            else:
                done.append(folder_restore.restore(folder, place, file, repository))
    return {"restored": done}


@contextmanager
def about(source: str) -> Iterator[None]:
    """Let an error name the source that it is about.

    Raises:
        RefusedError: What happened inside.
    """
    try:
        yield
    except (records.RefusedError, sqlite3.Error, OSError) as error:
        refused = sqlite_copy.explain(error)
        refused.source = source
        raise refused from error


def look(_plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return what is kept, of all sources."""
    return {"kept": records.write_catalog(root)}


def prove(plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Restore the newest copy of every source aside and compare it with its manifest."""
    repository = Repository(root / "restic")
    done = []
    for source in plan["sources"]:
        with about(source["name"]):
            done.append(drill.prove(root / source["name"], source["kind"], repository))
    return {"proven": done}


def note(plan: dict[str, Any], root: Path) -> dict[str, Any]:
    """Write down how a drill ended, beside the catalog."""
    return {"drills": drill.note(root, plan["record"])}


ACTIONS = {
    "take": take,
    "rehearse": rehearse,
    "restore": restore,
    "catalog": look,
    "prove": prove,
    "note": note,
}
APART: dict[str, Callable[[Path, dict[str, Any], Remote], dict[str, Any]]] = {
    "offsite-push": offsite.push,
    "offsite-list": offsite_load.look,
    "offsite-load": offsite_load.load,
}
"""What takes as long as a network does, and holds the volume only where it has to."""


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Carry out the plan and renew the catalog; an error is a result too."""
    root, action = Path(plan["root"]), plan["action"]
    try:
        if action in APART:
            return APART[action](root, plan["offsite"], Remote(plan["offsite"], secrets_of()))
        with records.alone(root):
            result = ACTIONS[action](plan, root)
            records.write_catalog(root)
    except (records.RefusedError, sqlite3.Error, OSError) as error:
        refused = sqlite_copy.explain(error)
        return {"error": {"source": refused.source, "code": refused.code, "why": refused.why}}
    return result


def main(argv: list[str]) -> int:
    """Carry out the plan in the first argument; return the exit code."""
    os.umask(0o077)  # copies hold sessions and password hashes
    result = run(json.loads(argv[1]))
    sys.stdout.write(MARK + json.dumps(result) + "\n")
    return 1 if "error" in result else 0
