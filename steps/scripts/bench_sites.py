"""Reads and brings about the sites of a bench, inside a one-shot job beside them."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from steps.scripts.bench_tool import OURS, BenchError, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from steps.scripts.bench_tool import Bench

QUARANTINE = "estate_quarantine"
ARCHIVE = ".archived"
CREATE_S = 3600.0
INSTALL_S = 3600.0
QUICK_S = 300.0
COPY_S = 3600.0
_DUMP_END = b"-- Dump completed"
Bag = dict[str, Any]
_QUESTION = """
SELECT '{site}',
  (SELECT `defvalue` FROM `{name}`.`tabDefaultValue`
   WHERE `defkey` = 'installed_apps' AND `parent` = '__global' LIMIT 1),
  (SELECT `value` FROM `{name}`.`tabSingles`
   WHERE `doctype` = 'System Settings' AND `field` = 'enable_scheduler' LIMIT 1);
"""
"""Where Frappe 15 keeps a site's apps and whether its scheduler is on."""


def read(bench: Bench, wanted: Mapping[str, Bag]) -> Bag:
    """Return what there is of the wanted sites, in the words in which they are declared.

    With it come the reasons of those in quarantine, and the names of sites that nobody wants.

    Args:
        bench: the bench.
        wanted: customer → site.

    Raises:
        BenchError: the database server does not answer.
    """
    live = _live(bench, [one["site"] for one in wanted.values()])
    entries, quarantined = {}, {}
    for name, one in wanted.items():
        config = bench.config(one["site"])
        found = seen(one, config, live.get(one["site"], {}))
        if found is not None:
            entries[name] = found
        if config.get(QUARANTINE):
            quarantined[name] = str(config[QUARANTINE].get("reason", ""))
    others = sorted(set(bench.names()) - {one["site"] for one in wanted.values()})
    return {"entries": entries, "quarantined": quarantined, "others": others}


def seen(wanted: Bag, config: Bag, live: Bag) -> Bag | None:
    """Return a site as it is, or None when it is not there or not finished; pure.

    A site in quarantine is closed by a release and for a release to open, so that is no difference.

    Args:
        wanted: as declared.
        config: its own configuration; empty when there is no such site.
        live: `apps` and `scheduler` from its database; empty when that has no apps.
    """
    wanted = open_part(wanted)
    if not config:
        return wanted if wanted["state"] == "archived" else None
    if "frappe" not in live.get("apps", []):
        return None
    closed, held = bool(config.get("maintenance_mode")), bool(config.get(QUARANTINE))
    state = "suspended" if wanted["state"] == "archived" else wanted["state"]
    return {
        **wanted,
        "state": state,
        "apps": [app for app in wanted["apps"] if app in live["apps"]],
        "config": {key: config[key] for key in wanted["config"] if key in config},
        "maintenance": wanted["maintenance"] if held else closed,
        "scheduler": live["scheduler"],
    }


def open_part(wanted: Bag) -> Bag:
    """Return what may be shown of a site, and compared."""
    return {key: value for key, value in wanted.items() if key != "admin_password"}


def _live(bench: Bench, sites: list[str]) -> dict[str, Bag]:
    """Ask the database server once for all sites; a site without tables is not in the answer."""
    databases = {site: bench.config(site).get("db_name") for site in sites}
    asked = "".join(
        _QUESTION.format(site=site, name=name) for site, name in databases.items() if name
    )
    found: dict[str, Bag] = {}
    for site, apps, scheduler in bench.query(asked) if asked else []:
        has = json.loads(apps) if apps != "NULL" else []
        found[site] = {"apps": has, "scheduler": scheduler == "1"}
    return found


def apply(bench: Bench, wanted: Mapping[str, Bag]) -> Bag:
    """Bring the sites to what is wanted; touch only what differs.

    Raises:
        BenchError: the database server does not answer.
    """
    bench.forget_passwords()
    before, errors = read(bench, wanted)["entries"], {}
    for name, one in wanted.items():
        if before.get(name) == open_part(one):
            continue
        try:
            _bring(bench, one, before.get(name))
        except BenchError as error:
            errors[name] = bench.hide(str(error))
    return {**read(bench, wanted), "errors": errors}


def _bring(bench: Bench, wanted: Bag, found: Bag | None) -> None:
    site = wanted["site"]
    if wanted["state"] == "archived":
        archive(bench, site)
        return
    if found is None:
        create(bench, wanted)
        found = read(bench, {site: wanted})["entries"].get(site) or {"apps": []}
    for app in wanted["apps"]:
        if app not in found["apps"]:
            bench.run("--site", site, "install-app", app, limit_s=INSTALL_S)
    if found.get("scheduler") != wanted["scheduler"]:
        word = "enable" if wanted["scheduler"] else "disable"
        bench.run("--site", site, "scheduler", word, limit_s=QUICK_S)
    changes = dict(wanted["config"])
    if not bench.config(site).get(QUARANTINE):
        changes["maintenance_mode"] = int(wanted["maintenance"])
    bench.set_config(site, changes)


def create(bench: Bench, wanted: Bag) -> None:
    """Make a site, or finish one whose creation was killed.

    Such a one is known by a mark that we set before; only then, and only if nobody has ever worked
    in it, is what there is replaced.

    Raises:
        BenchError: something is there that we did not begin, or the creation failed.
    """
    site = wanted["site"]
    mark = bench.sites / OURS / "creating" / f"{site}.json"
    begun = mark.exists()
    if (bench.sites / site).exists() and not begun:
        raise BenchError(
            f"there is a folder of {site}, but its database holds no site: nothing was changed. "
            "Restore it from a copy, or move the folder away to start empty on purpose"
        )
    if begun and _is_used(bench, site):
        raise BenchError(f"{site} was not finished, but users have been made in it: look at it")
    password = wanted.get("admin_password")
    if not password:
        raise BenchError(f"{site} cannot be made: its ADMIN_PASSWORD is missing in the secrets")
    write_json(mark, {"site": site})
    given = ["--force"] if begun else []
    apps = [part for app in wanted["apps"] for part in ("--install-app", app)]
    with bench.passwords(admin=password):
        scope = "--mariadb-user-host-login-scope=%"
        bench.run("new-site", scope, *apps, *given, site, limit_s=CREATE_S)
    mark.unlink()


def _is_used(bench: Bench, site: str) -> bool:
    name = bench.config(site).get("db_name")
    if not name:
        return False
    sql = f"SELECT COUNT(*) FROM `{name}`.`tabUser` WHERE `name` NOT IN ('Administrator', 'Guest')"  # noqa: S608
    rows = bench.query(f"{sql};\n")
    return bool(rows) and rows[0][0] != "0"


def archive(bench: Bench, site: str) -> None:
    """Take a site out of the bench, its folder and a proven copy of its database kept.

    Raises:
        BenchError: the copy is not whole, or it could not be taken out; it serves as before then.
    """
    if not (bench.sites / site).exists():
        return
    bench.run("--site", site, "backup", "--with-files", limit_s=COPY_S)
    copies = sorted((bench.sites / site / "private/backups").glob("*-database.sql.gz"))
    if not copies or not is_whole(copies[-1]):
        raise BenchError(f"the copy of {site} is not whole: it was not archived")
    with bench.passwords():
        path = str(bench.sites / ARCHIVE)
        bench.run("drop-site", site, "--archived-sites-path", path, limit_s=COPY_S)


def is_whole(dump: Path) -> bool:
    """Whether a compressed dump can be read to its end, and that is the end of a dump."""
    last = b""
    try:
        with gzip.open(dump) as file:
            while block := file.read(1 << 20):
                last = last[-256:] + block
    except (OSError, EOFError):
        return False
    return _DUMP_END in last[-512:]


ACTIONS: dict[str, Callable[[Bench, Mapping[str, Bag]], Bag]] = {"read": read, "apply": apply}
