"""The commands of `bench` that the estate uses, with their options and exit codes."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import backups, config, database, faults, patches, services, site

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNROOTED = ("--db-root-username", "--mariadb-root-username")
_ROOT = ("--db-root-password", "--mariadb-root-password")


def new_site(given: argparse.Namespace) -> None:
    """Make a site; a failure leaves what there is.

    Raises:
        BenchError: it exists, or a password is missing.
    """
    name = given.name
    if Path(name).exists() and not given.force:
        raise config.BenchError(f"Site {name} already exists, use `--force` to proceed anyway")
    site.make_folders(name)
    own = {
        "db_name": given.db_name or database.name_for(name),
        "db_password": secrets.token_urlsafe(12),
        "db_type": "mariadb",
        "encryption_key": secrets.token_urlsafe(32),
    }
    config.write(config.site_file(name), own)
    conf = config.conf(name)
    root = database.as_root(given.db_root_username, given.db_root_password, conf)
    there = root.run("SHOW DATABASES LIKE %s", own["db_name"])
    if there and not given.force:
        raise config.BenchError(f"Database {own['db_name']} already exists, use `--force`")
    password = given.admin_password or conf.get("admin_password")
    if not password:
        raise config.BenchError("Set Administrator password: Aborted!")
    database.make(root, own["db_name"], own["db_password"], given.mariadb_user_host_login_scope)
    connection = database.of_site(name)
    for app in dict.fromkeys(["frappe", *given.install_app]):
        site.install(connection, app)
    site.set_password(connection, str(password))
    print("*** Scheduler is disabled ***")  # noqa: T201 - as bench does
    if given.set_default:
        Path("currentsite.txt").write_text(name)


def list_apps(given: argparse.Namespace) -> None:
    """Show the apps of each site."""
    found = {name: site.installed(database.of_site(name)) for name in chosen(given)}
    if given.format == "json":
        print(json.dumps(found))  # noqa: T201 - the answer
        return
    for apps in found.values():
        print("\n".join(apps))  # noqa: T201 - the answer


def install_app(given: argparse.Namespace) -> None:
    """Install apps."""
    for name in chosen(given):
        for app in given.apps:
            site.install(database.of_site(name), app)


def migrate(given: argparse.Namespace) -> None:
    """Run patches, site by site.

    Raises:
        BenchError: the first site that fails, unless those are to be skipped.
    """
    for name in chosen(given):
        print(f"Migrating {name}", flush=True)  # noqa: T201 - as bench does
        try:
            with site.locked(name, "bench_migrate"):
                patches.run_patches(database.of_site(name))
        except config.BenchError as error:
            if not given.skip_failing:
                raise
            print(error, file=sys.stderr)  # noqa: T201 - as bench does
        services.clear_cache(name)


def back_up(given: argparse.Namespace) -> None:
    """Copy each site."""
    for name in chosen(given):
        made = backups.backup(
            name, with_files=given.with_files, compress=given.compress, folder=given.backup_path
        )
        print(f"Backup Summary for {name}")  # noqa: T201 - as bench does
        for path in made:
            print(f"{path} {path.stat().st_size}")  # noqa: T201 - as bench does


def restore(given: argparse.Namespace) -> None:
    """Put a copy in a site's place."""
    for name in chosen(given):
        root = database.as_root(given.db_root_username, given.db_root_password, config.conf(name))
        files = {"public": given.with_public_files, "private": given.with_private_files}
        backups.restore(name, Path(given.dump), files, root)
        if given.admin_password:
            site.set_password(database.of_site(name), given.admin_password)
        services.clear_cache(name)
        print(f"Site {name} has been restored")  # noqa: T201 - as bench does


def set_config(given: argparse.Namespace) -> None:
    """Set a key of the bench or of sites."""
    value = config.parsed(given.value) if given.parse else given.value
    if given.on_all:
        config.put(config.COMMON, given.key, value)
        return
    for name in chosen(given):
        config.put(config.site_file(name), given.key, value)


def set_maintenance_mode(given: argparse.Namespace) -> None:
    """Close or open sites."""
    for name in chosen(given):
        config.put(config.site_file(name), "maintenance_mode", int(given.state == "on"))


def scheduler(given: argparse.Namespace) -> None:
    """Switch the scheduler of sites, or show it."""
    for name in chosen(given):
        if given.state == "status":
            on = site.scheduler_enabled(database.of_site(name))
            word = "enabled" if on else "disabled"
            shown = json.dumps({"name": name, "status": word})
            print(shown if given.format == "json" else f"Scheduler is {word} for {name}")  # noqa: T201
        elif given.state in {"pause", "resume"}:
            config.put(config.site_file(name), "pause_scheduler", int(given.state == "pause"))
        else:
            site.set_scheduler(name, enabled=given.state == "enable")
            print(f"Scheduler {given.state}d for site {name}")  # noqa: T201 - as bench does


def clear_cache(given: argparse.Namespace) -> None:
    """Forget what the cache holds of sites."""
    for name in chosen(given):
        services.clear_cache(name)


def drop_site(given: argparse.Namespace) -> None:
    """Drop a site's database and move its folder away."""
    conf = config.conf(given.name)
    root = database.as_root(given.db_root_username, given.db_root_password, conf)
    if not given.no_backup:
        backups.backup(given.name, with_files=True, compress=False, folder=None)
    root.run(f"DROP DATABASE IF EXISTS `{conf['db_name']}`")
    root.run(f"DROP USER IF EXISTS `{conf['db_name']}`@'%'")
    place = site.move_away(given.name, Path(given.archived_sites_path))
    print(f"Moved {given.name} to {place}")  # noqa: T201 - as bench does


def version(_given: argparse.Namespace) -> None:
    """Show the version."""
    print(f"frappe {faults.release()} (stand-in)")  # noqa: T201 - the answer


def chosen(given: argparse.Namespace) -> list[str]:
    """Return the sites that a command is for.

    Raises:
        BenchError: none is named, or one does not exist.
    """
    named = given.site or (
        Path("currentsite.txt").read_text() if Path("currentsite.txt").exists() else ""
    )
    if not named:
        raise config.BenchError("Please specify --site sitename")
    wanted = config.sites() if named == "all" else named.split(",")
    for name in wanted:
        config.conf(name)
    return wanted


def parser() -> argparse.ArgumentParser:  # noqa: PLR0915 - a table of options
    """Return the commands and their options."""
    bench = argparse.ArgumentParser(prog="bench", allow_abbrev=False)
    bench.add_argument("--site")
    commands = bench.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object) -> argparse.ArgumentParser:
        made = commands.add_parser(name, allow_abbrev=False)
        made.set_defaults(run=run)
        return made

    def rooted(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument(*_UNROOTED)
        made.add_argument(*_ROOT)
        return made

    one = rooted(command("new-site", new_site))
    one.add_argument("name")
    one.add_argument("--db-name")
    one.add_argument("--admin-password")
    one.add_argument("--install-app", action="append", default=[])
    one.add_argument("--mariadb-user-host-login-scope", default="%")
    one.add_argument("--force", action="store_true")
    one.add_argument("--set-default", action="store_true")
    one = command("list-apps", list_apps)
    one.add_argument("-f", "--format", choices=("text", "json"), default="text")
    command("install-app", install_app).add_argument("apps", nargs="+")
    one = command("migrate", migrate)
    one.add_argument("--skip-failing", action="store_true")
    one.add_argument("--skip-search-index", action="store_true")
    one = command("backup", back_up)
    one.add_argument("--with-files", action="store_true")
    one.add_argument("--compress", action="store_true")
    one.add_argument("--backup-path")
    one = rooted(command("restore", restore))
    one.add_argument("dump")
    one.add_argument("--with-public-files")
    one.add_argument("--with-private-files")
    one.add_argument("--admin-password")
    one.add_argument("--force", action="store_true")
    one = command("set-config", set_config)
    one.add_argument("-g", "--global", dest="on_all", action="store_true")
    one.add_argument("-p", "--parse", action="store_true")
    one.add_argument("key")
    one.add_argument("value")
    command("set-maintenance-mode", set_maintenance_mode).add_argument(
        "state", choices=("on", "off")
    )
    one = command("scheduler", scheduler)
    one.add_argument("state", choices=("enable", "disable", "pause", "resume", "status"))
    one.add_argument("-f", "--format", choices=("text", "json"), default="text")
    command("clear-cache", clear_cache)
    one = rooted(command("drop-site", drop_site))
    one.add_argument("name")
    one.add_argument("--archived-sites-path", default="../archived/sites")
    one.add_argument("--no-backup", action="store_true")
    one.add_argument("--force", action="store_true")
    command("worker", services.worker).add_argument("--queue", default="short,default,long")
    command("schedule", services.schedule)
    command("version", version)
    return bench


def main(argv: Sequence[str]) -> int:
    """Run a command; return its exit code: 1 when it failed, 2 when it was called wrongly."""
    if argv == ["--check"]:
        return 0 if faults.fault() and shutil.which("mariadb-dump") else 1
    given = parser().parse_args(argv)
    try:
        given.run(given)
    except config.BenchError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
