"""Copies of one site from before its migration, and the way back from them.

They lie outside the sites: each `bench backup` deletes what is older than a day beside its site.
"""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from steps.scripts.bench_sites import is_whole
from steps.scripts.bench_tool import BenchError, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from steps.scripts.bench_tool import Bench

MANIFEST = "manifest.json"
_ENDS = {
    "database": "-database.sql.gz",
    "public": "-files.tar",
    "private": "-private-files.tar",
    "config": "-site_config_backup.json",
}
_PARTIAL = ".partial"


def take(bench: Bench, site: str, release: str, target: Path, *, limit_s: float) -> Path:
    """Copy a site's database, files and configuration; return the folder, complete or not there.

    The site is closed, so nothing changes while rows are counted.

    Args:
        bench: the bench.
        site: which.
        release: that is to come.
        target: folder of all copies of this kind.
        limit_s: seconds.

    Raises:
        BenchError: the copy could not be made, or is not whole.
    """
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    folder = target / site / f"{stamp}-{release}"
    aside = folder.with_name(folder.name + _PARTIAL)
    for left in (target / site).glob(f"*{_PARTIAL}"):
        shutil.rmtree(left)
    aside.mkdir(parents=True)
    path = str(aside)
    bench.run("--site", site, "backup", "--with-files", "--backup-path", path, limit_s=limit_s)
    files = {name: _one(aside, end) for name, end in _ENDS.items()}
    if not is_whole(aside / files["database"]):
        raise BenchError(f"{site}: the copy of its database is not whole")
    manifest = {
        "site": site,
        "before": release,
        "created": stamp,
        "files": files,
        "sha256": {name: _sum(aside / file) for name, file in files.items()},
        "rows": rows(bench, site),
    }
    write_json(aside / MANIFEST, manifest)
    aside.rename(folder)
    return folder


def forget(target: Path, site: str, keep: int) -> None:
    """Remove a site's oldest copies but the last few."""
    found = sorted(path for path in (target / site).glob("*") if (path / MANIFEST).exists())
    for path in found[:-keep]:
        shutil.rmtree(path)


def put_back(bench: Bench, site: str, folder: Path, *, limit_s: float) -> int:
    """Restore a site from a copy and compare every table's rows; return how many there are.

    Raises:
        BenchError: the copy is not what it was, could not be restored, or rows are missing.
    """
    manifest = read_json(folder / MANIFEST)
    if not manifest:
        raise BenchError(f"{site}: there is no copy in {folder}")
    for name, file in manifest["files"].items():
        if _sum(folder / file) != manifest["sha256"][name]:
            raise BenchError(f"{site}: {file} in {folder} is not what it was")
    at = {name: str(folder / file) for name, file in manifest["files"].items()}
    files = ("--with-public-files", at["public"], "--with-private-files", at["private"])
    with bench.passwords():
        bench.run("--site", site, "restore", at["database"], *files, "--force", limit_s=limit_s)
    kept = read_json(folder / manifest["files"]["config"])
    if "encryption_key" in kept:
        bench.set_config(site, {"encryption_key": kept["encryption_key"]})
    found = rows(bench, site)
    if found != manifest["rows"]:
        wrong = sorted(
            name
            for name in {*found, *manifest["rows"]}
            if found.get(name) != manifest["rows"].get(name)
        )
        raise BenchError(f"{site}: after the restore other rows than before in {wrong[:5]}")
    return sum(found.values())


def rows(bench: Bench, site: str) -> dict[str, int]:
    """Return table → rows of a site's database, counted."""
    return rows_of(bench, str(bench.config(site)["db_name"]))


def rows_of(bench: Bench, name: str) -> dict[str, int]:
    """Return table → rows of a database, counted."""
    schema = (
        "SELECT `table_name` FROM `information_schema`.`tables` WHERE `table_type` = 'BASE TABLE'"
    )
    tables = [row[0] for row in bench.query(f"{schema} AND `table_schema` = '{name}';\n")]
    sql = "".join(f"SELECT '{one}', COUNT(*) FROM `{name}`.`{one}`;\n" for one in sorted(tables))  # noqa: S608 - names of its own tables
    return {table: int(count) for table, count in (bench.query(sql) if sql else [])}


def _one(folder: Path, end: str) -> str:
    found = [path.name for path in folder.iterdir() if path.name.endswith(end)]
    # The archive of public files ends like that of private ones.
    wanted = [name for name in found if end != _ENDS["public"] or _ENDS["private"] not in name]
    if len(wanted) != 1:
        raise BenchError(f"bench backup left {len(wanted)} files *{end} in {folder}")
    return wanted[0]


def _sum(path: Path) -> str:
    digest: Any = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return str(digest.hexdigest())
