"""Puts a copy of a site into place, under its own name or another.

The copy becomes a site beside the others first, its rows are compared, and it is migrated to the
code that serves. Only then are folders renamed: a site is its folder, whose configuration names its
database. What was there stays, folder and database, in `.estate/replaced/`. Killed before the
renames nothing live was touched; between them, the next run finishes.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from typing import TYPE_CHECKING, Any

from steps.scripts import bench_copies, records, site_copies
from steps.scripts.bench_sites import QUARANTINE
from steps.scripts.bench_tool import OURS, BenchError, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from steps.scripts.bench_tool import Bench

OWN = frozenset({"db_name", "db_password", "db_user", "db_type", "db_host", "encryption_key"})
"""Keys of a site's configuration that belong to its data."""
CREATE_S = 3600.0
QUICK_S = 300.0
Bag = dict[str, Any]


def restore(bench: Bench, asked: Bag) -> Bag:
    """Bring a copy back; return what was done.

    Args:
        bench: the bench.
        asked: `root`, `site` (of the copy), `file` (or `latest`), `to` (name of the result),
            `limit_s`.

    Raises:
        BenchError: the copy could not be restored, or rows are missing; the site is as it was.
        RefusedError: there is no such copy, or it is not what was proven; the site is as it was.
    """
    started, to = time.monotonic(), str(asked["to"])
    file, note = _file(asked), bench.sites / OURS / "restoring" / f"{asked['to']}.json"
    scratch = f"restoring-{hashlib.sha256(to.encode()).hexdigest()[:10]}.estate"
    left = read_json(note)
    if left.get("file") == file and (bench.sites / scratch).is_dir():
        manifest = records.chosen(asked["root"] / asked["site"], file)
    else:
        manifest = _beside(bench, asked, file, scratch)
        write_json(note, {"file": file, "replaced": _replaced(bench, to)})
    replaced = _swap(bench, to, scratch, str(read_json(note)["replaced"]))
    note.unlink()
    bench.run("--site", to, "clear-cache", limit_s=QUICK_S)
    told = {"source": asked["site"], "kind": "site", "file": file, "replaced": replaced}
    counted = {"tables": manifest["tables"], "bytes": manifest["bytes"]}
    return {"restored": [{**told, **counted, "seconds": round(time.monotonic() - started, 2)}]}


def _file(asked: Bag) -> str:
    """Return the file that is meant.

    Raises:
        RefusedError: there is no copy.
    """
    if asked["file"] != "latest":
        return str(asked["file"])
    kept = records.proven(asked["root"] / asked["site"])
    if not kept:
        raise records.RefusedError("unknown copy", f"there is no proven copy of {asked['site']}")
    return str(kept[-1]["file"])


def _beside(bench: Bench, asked: Bag, file: str, scratch: str) -> Bag:
    """Make the copy a site of its own and compare it; return the manifest of the copy.

    Raises:
        BenchError: it could not be restored, or is not what was proven.
    """
    root, limit_s = asked["root"], float(asked["limit_s"])
    work = root / site_copies.WORK / scratch
    try:
        manifest, parts = site_copies.unpacked(root, asked["site"], file, work)
        user = ("--mariadb-user-host-login-scope=%", "--db-root-username", "root")
        files: tuple[str, ...] = ("--with-public-files", str(parts["public"]))
        files += ("--with-private-files", str(parts["private"]))
        with bench.passwords(secrets.token_hex(16)):
            # Nobody has worked in what a killed run has left under this name.
            bench.run("new-site", *user, "--force", scratch, limit_s=CREATE_S)
            dump = str(parts["database"])
            bench.run("--site", scratch, "restore", dump, *files, "--force", limit_s=limit_s)
        copied = read_json(parts["config"])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    live = bench.config(str(asked["to"]))
    bench.set_config(scratch, carried(live or copied, copied))
    found = bench_copies.rows(bench, scratch)
    if found != manifest["tables"]:
        unlike = site_copies.strangers(manifest["tables"], manifest["tables"], found)
        raise BenchError(f"{asked['to']}: other rows than proven in {', '.join(unlike[:5])}")
    # The data may be older than the code that serves.
    bench.run("--site", scratch, "migrate", limit_s=limit_s)
    return manifest


def carried(of: Mapping[str, Any], copied: Mapping[str, Any]) -> Bag:
    """Return the configuration that a restored site gets besides its database; pure.

    Args:
        of: of the site that it replaces, or of the copy when it replaces none.
        copied: of the copy, whose key opens the passwords in the data.
    """
    kept = {key: value for key, value in of.items() if key not in OWN}
    if held := kept.pop(QUARANTINE, None):
        # It was closed because of data that are no longer its own.
        kept["maintenance_mode"] = int(held.get("closed", 0))
    key = copied.get("encryption_key")
    return kept if key is None else {**kept, "encryption_key": key}


def _replaced(bench: Bench, to: str) -> str:
    """Return where what is there now will stay, relative to the sites; empty when nothing is."""
    if not (bench.sites / to).exists():
        return ""
    return f"{OURS}/replaced/{to}-{records.stamp()}"


def _swap(bench: Bench, to: str, scratch: str, replaced: str) -> str:
    """Rename folders: the old one away, the new one into its place; return where the old one is."""
    live, aside = bench.sites / to, bench.sites / replaced if replaced else None
    if aside is not None and not aside.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        live.rename(aside)
    _into_place(bench.sites / scratch, live)
    return replaced


def _into_place(fresh: Path, live: Path) -> None:
    if fresh.is_dir():
        fresh.rename(live)
    records.sync(live.parent)
