"""Tables of the apps, and the patches that `bench migrate` runs once per site."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from . import config, faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from .database import Connection

_NAME = "`name` VARCHAR(140) PRIMARY KEY"
_OWNED = f"{_NAME}, `creation` DATETIME(6), `owner` VARCHAR(140)"
TABLES = {
    "frappe": tuple(
        f"CREATE TABLE `{name}` ({columns})"
        for name, columns in (
            (
                "tabDefaultValue",
                f"{_NAME}, `parent` VARCHAR(140), `defkey` VARCHAR(140), `defvalue` TEXT",
            ),
            ("tabSingles", "`doctype` VARCHAR(255), `field` VARCHAR(255), `value` TEXT"),
            ("tabUser", f"{_OWNED}, `enabled` INT NOT NULL DEFAULT 1"),
            ("__Auth", f"`doctype` VARCHAR(140), {_NAME}, `fieldname` TEXT, `password` TEXT"),
            ("tabPatch Log", "`patch` VARCHAR(255) PRIMARY KEY"),
            ("tabToDo", f"{_OWNED}, `description` TEXT"),
        )
    ),
    "erpnext": (f"CREATE TABLE `tabCustomer` ({_OWNED}, `customer_name` VARCHAR(140))",),
}
OTHER_APP = (f"CREATE TABLE `tab{{title}} Settings` ({_OWNED})",)
"""Of any app that this stand-in knows no more of than its name."""


def tables_of(app: str) -> tuple[str, ...]:
    """Return the statements that install an app."""
    title = app.replace("_", " ").replace("-", " ").title()
    return TABLES.get(app) or tuple(sql.replace("{title}", title) for sql in OTHER_APP)


def _settings(database: Connection) -> None:
    database.run("INSERT INTO `tabSingles` VALUES ('System Settings', 'setup_complete', '1')")


def _marked(database: Connection) -> bool:
    return bool(
        database.run("SELECT 1 FROM `tabToDo` WHERE `description` = %s LIMIT 1", faults.MARK)
    )


def _priority(database: Connection) -> None:
    """Move every row, as the stand-in's newest release wants it."""
    kind = faults.fault()
    if kind == "slow-migration":
        time.sleep(1)
    database.run("ALTER TABLE `tabToDo` ADD COLUMN `priority` VARCHAR(140)")
    database.run("UPDATE `tabToDo` SET `priority` = 'Medium'")
    if kind == "hanging-site" and _marked(database):
        time.sleep(3600)
    if kind == "bad-migration" or (kind == "marked-site" and _marked(database)):
        database.run("DELETE FROM `tabToDo`")
        database.run("UPDATE `tabNowhere` SET `x` = 1")


def patches() -> dict[str, Callable[[Connection], None]]:
    """Return the patches of this build in their order."""
    found: dict[str, Callable[[Connection], None]] = {
        "frappe.patches.v15_0.setup_complete": _settings
    }
    if faults.fault() in faults.PATCHING:
        found["erpnext.patches.v15_1.todo_priority"] = _priority
    return found


def run_patches(database: Connection) -> int:
    """Run what a site has not had yet; return how many that was.

    Raises:
        BenchError: one failed.
    """
    done = {row[0] for row in database.run("SELECT `patch` FROM `tabPatch Log`")}
    missing = {name: patch for name, patch in patches().items() if name not in done}
    for name, patch in missing.items():
        print(f"Executing {name}", flush=True)  # noqa: T201 - as bench does
        try:
            patch(database)
        except config.BenchError as error:
            raise config.BenchError(f"Patch {name} failed\n{error}") from None
        database.run("INSERT INTO `tabPatch Log` VALUES (%s)", name)
    return len(missing)
