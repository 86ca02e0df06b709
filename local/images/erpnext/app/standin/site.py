"""What commands do to one site."""

from __future__ import annotations

import fcntl
import hashlib
import json
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import config, database, patches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .database import Connection

FOLDERS = ("private/backups", "private/files", "public/files", "locks", "logs")


def hashed(password: str, salt: str) -> str:
    """Return what is kept of a password."""
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), 10_000).hex()
    return f"$pbkdf2-sha256${salt}${key}"


def set_password(connection: Connection, password: str) -> None:
    """Give the Administrator a password."""
    kept = hashed(password, secrets.token_hex(16))
    connection.run("REPLACE INTO `__Auth` VALUES ('User', 'Administrator', 'password', %s)", kept)


def installed(connection: Connection) -> list[str]:
    """Return a site's apps."""
    rows = connection.run(
        "SELECT `defvalue` FROM `tabDefaultValue` "
        "WHERE `defkey` = 'installed_apps' AND `parent` = '__global'"
    )
    return list(json.loads(rows[0][0])) if rows else []


def install(connection: Connection, app: str) -> None:
    """Install an app at a site.

    Raises:
        BenchError: this bench has no such app.
    """
    if app not in config.known_apps():
        raise config.BenchError(f"ModuleNotFoundError: No module named '{app}'")
    for sql in patches.tables_of(app):
        connection.run(sql.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))
    has = installed(connection)
    if app in has:
        print(f"App {app} already installed")  # noqa: T201 - as bench does
        return
    print(f"Installing {app}...", flush=True)  # noqa: T201 - as bench does
    if app == "frappe":
        _first_rows(connection)
    connection.run(
        "REPLACE INTO `tabDefaultValue` VALUES ('apps', '__global', 'installed_apps', %s)",
        json.dumps([*has, app]),
    )


def _first_rows(connection: Connection) -> None:
    for user in ("Administrator", "Guest"):
        connection.run("REPLACE INTO `tabUser` VALUES (%s, NOW(6), 'Administrator', 1)", user)
    connection.run("INSERT INTO `tabSingles` VALUES ('System Settings', 'enable_scheduler', '0')")
    # A new site starts with the tables of its release.
    patches.run_patches(connection)


def make_folders(site: str) -> None:
    """Make the folders of a site."""
    for folder in FOLDERS:
        (Path(site) / folder).mkdir(parents=True, exist_ok=True)


def set_scheduler(site: str, *, enabled: bool) -> None:
    """Switch a site's scheduler on or off."""
    connection = database.of_site(site)
    connection.run(
        "UPDATE `tabSingles` SET `value` = %s WHERE `doctype` = 'System Settings' "
        "AND `field` = 'enable_scheduler'",
        str(int(enabled)),
    )
    connection.close()


def scheduler_enabled(connection: Connection) -> bool:
    """Whether a site's scheduler is on."""
    rows = connection.run(
        "SELECT `value` FROM `tabSingles` WHERE `doctype` = 'System Settings' "
        "AND `field` = 'enable_scheduler'"
    )
    return bool(rows) and rows[0][0] == "1"


@contextmanager
def locked(site: str, name: str) -> Iterator[None]:
    """Let one process at a time do something to a site.

    Raises:
        BenchError: another one is at it.
    """
    folder = Path(site) / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise config.BenchError(f"LockTimeoutError: {site}: {name} is locked") from None
        yield


def move_away(site: str, target: Path) -> Path:
    """Move a site's folder below another one, under a free name; return where it is."""
    target.mkdir(parents=True, exist_ok=True)
    place, number = target / site, 0
    while place.exists():
        number += 1
        place = target / f"{site}{number}"
    return Path(shutil.move(site, place))
