"""Whole sites of a bench as copies: each one file, proven, and put back under any name.

A copy holds database, public and private files, and the configuration with the encryption key. It
is a tar file beside its manifest (`records`), in a folder of the site's name on the volume of the
backups: `bench backup` deletes what is older than a day where it writes by itself.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import time
from typing import TYPE_CHECKING, Any

from steps.scripts import bench_copies, records
from steps.scripts.bench_sites import is_whole
from steps.scripts.bench_tool import BenchError, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from steps.scripts.bench_tool import Bench

ENDING = ".site"
WORK = ".work"
"""Folder on the volume for what is half-way; the catalog does not look there."""
PARTS = {
    "public": "-files.tar",
    "private": "-private-files.tar",
    "database": "-database.sql.gz",
    "config": "-site_config_backup.json",
}
Bag = dict[str, Any]


def copy(bench: Bench, asked: Bag) -> Bag:
    """Copy and prove each site, then prune; one that fails does not stop the others.

    Args:
        bench: the bench.
        asked: `root`, `release` (what the copies are of), `keep`, `limit_s` of each site, and
            `sites`, of which none means all.
    """
    made, failed = {}, {}
    for site in asked["sites"] or bench.names():
        try:
            made[site] = records.short(_copy(bench, site, asked))
        except (BenchError, records.RefusedError, OSError) as error:
            failed[site] = bench.hide(str(error))
    return {"copies": list(made.values()), "errors": failed}


def _copy(bench: Bench, site: str, asked: Bag) -> Bag:
    started = time.monotonic()
    folder, work = asked["root"] / site, asked["root"] / WORK / site
    folder.mkdir(parents=True, exist_ok=True)
    with records.alone(folder):
        records.clear_unfinished(folder)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            before = bench_copies.rows(bench, site)
            words = ("backup", "--with-files", "--backup-path", str(work))
            bench.run("--site", site, *words, limit_s=asked["limit_s"])
            found = _proven(bench, site, work, before, bench_copies.rows(bench, site))
            manifest = _kept(folder, site, work, found, asked["release"])
        finally:
            shutil.rmtree(work, ignore_errors=True)
        manifest["seconds"] = round(time.monotonic() - started, 2)
        file = folder / str(manifest["file"])
        records.write_json(records.manifest_of(file), manifest)
        file.with_name(file.name + ".partial").replace(file)
        records.sync(folder)
        for old in records.superseded(folder, asked["keep"]):
            records.remove(folder, old)
    return manifest


def _proven(
    bench: Bench, site: str, work: Path, before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, int]:
    """Restore the copy of the database aside and return the rows of each table there.

    Raises:
        BenchError: the copy is not what the site held while it was made.
    """
    parts = parts_of(work)
    found = rows_aside(bench, site, parts["database"])
    unlike = strangers(before, after, found)
    if unlike:
        raise BenchError(f"{site}: its copy has other rows than it: {', '.join(unlike[:5])}")
    key = bench.config(site).get("encryption_key")
    if key != read_json(parts["config"]).get("encryption_key"):
        raise BenchError(f"{site}: its encryption key is not in the copy")
    for part in ("public", "private"):
        with tarfile.open(parts[part]) as packed:
            packed.getmembers()  # a torn archive raises here
    return found


def strangers(
    before: Mapping[str, int], after: Mapping[str, int], found: Mapping[str, int]
) -> list[str]:
    """Return the tables whose rows in a copy the site cannot have had while it was made; pure."""
    return sorted(
        name
        for name in {*before, *after, *found}
        if not _between(before.get(name), after.get(name), found.get(name))
    )


def _between(before: int | None, after: int | None, found: int | None) -> bool:
    ends = [end for end in (before, after) if end is not None]
    if found is None:
        return len(ends) < 2  # noqa: PLR2004 - a table that came or went meanwhile
    if not ends:
        return False
    return (0 if len(ends) == 1 else min(ends)) <= found <= max(ends)


def _kept(folder: Path, site: str, work: Path, rows: Mapping[str, int], release: str) -> Bag:
    """Pack the parts into one file, still `.partial`, and return its manifest."""
    file = records.new_file(folder, release, ENDING)
    partial = file.with_name(file.name + ".partial")
    with tarfile.open(partial, "w") as packed:
        for part in parts_of(work).values():
            packed.add(part, arcname=part.name)
    records.sync(partial)
    return {
        "source": site,
        "kind": "site",
        "file": file.name,
        "created": records.now(),
        "release": release,
        "proof": "database restored aside: rows of each table; archives read; key kept with it",
        "bytes": partial.stat().st_size,
        "sha256": records.checksum(partial),
        "tables": dict(rows),
    }


def parts_of(work: Path) -> dict[str, Path]:
    """Return the parts of a copy by name.

    Raises:
        BenchError: one is missing, there are two of it, or the database's is torn.
    """
    left = sorted(path for path in work.iterdir() if path.is_file())
    found: dict[str, Path] = {}
    # The archive of private files ends like that of the public ones, so it is taken out first.
    for part in ("private", "public", "database", "config"):
        mine = [path for path in left if path.name.endswith(PARTS[part])]
        if len(mine) != 1:
            raise BenchError(f"a copy has {len(mine)} files *{PARTS[part]}")
        left.remove(mine[0])
        found[part] = mine[0]
    if not is_whole(found["database"]):
        raise BenchError("the copy of the database is not whole")
    return found


def rows_aside(bench: Bench, site: str, dump: Path) -> dict[str, int]:
    """Load a dump into a database of its own and return the rows of its tables.

    Raises:
        BenchError: it cannot be loaded.
    """
    name = f"estate_proof_{hashlib.sha256(site.encode()).hexdigest()[:12]}"
    again = f"DROP DATABASE IF EXISTS `{name}`;\n"
    bench.query(f"{again}CREATE DATABASE `{name}` CHARACTER SET utf8mb4;\n")
    try:
        bench.load(name, dump)
        return bench_copies.rows_of(bench, name)
    finally:
        bench.query(again)


def unpacked(root: Path, site: str, file: str, into: Path) -> tuple[Bag, dict[str, Path]]:
    """Unpack a copy after comparing it with its checksum; return manifest and parts.

    Raises:
        RefusedError: there is no such copy, or it is not what was proven.
        BenchError: a part of it is missing.
    """
    manifest = records.chosen(root / site, file)
    path = root / site / file
    if records.checksum(path) != manifest["sha256"]:
        raise records.RefusedError("damaged", f"{file} is not the file that was proven (sha256)")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with tarfile.open(path) as packed:
        # Ours are files without a folder; older Pythons know no filter for the rest.
        plain = [one for one in packed.getmembers() if one.isfile() and "/" not in one.name]
        packed.extractall(into, members=plain)  # noqa: S202 - each is one of those
    return manifest, parts_of(into)


def prove(bench: Bench, asked: Bag) -> Bag:
    """Restore the newest copy of a site's database aside and compare it with its manifest.

    Raises:
        BenchError: rows differ, or the copy cannot be restored.
        RefusedError: there is no copy, or it is not what was proven.
    """
    root, site, started = asked["root"], asked["site"], time.monotonic()
    newest = records.proven(root / site)
    if not newest:
        raise records.RefusedError("missing", f"there is no proven copy of {site}")
    work = root / WORK / f"drill-{site}"
    try:
        manifest, parts = unpacked(root, site, str(newest[-1]["file"]), work)
        found = rows_aside(bench, site, parts["database"])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if found != manifest["tables"]:
        unlike = strangers(manifest["tables"], manifest["tables"], found)
        raise BenchError(f"{site}: other rows than proven in {', '.join(unlike[:5])}")
    told = {**records.short(manifest), "compared": f"rows of {len(found)} tables"}
    return {"proven": [{**told, "seconds": round(time.monotonic() - started, 2)}]}


ACTIONS: dict[str, Callable[[Bench, Bag], Bag]] = {"copy": copy, "prove": prove}
