"""Configuration of the bench and of its sites, as files below the folder of the sites (cwd)."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

COMMON = Path("common_site_config.json")
_BY_VARIABLE = {
    "redis_cache": "FRAPPE_REDIS_CACHE",
    "redis_queue": "FRAPPE_REDIS_QUEUE",
    "db_host": "FRAPPE_DB_HOST",
    "db_port": "FRAPPE_DB_PORT",
}


class BenchError(Exception):
    """A command cannot do what it was asked; its text is printed, and it ends with 1."""


def site_file(site: str) -> Path:
    """Return where a site's own configuration lies."""
    return Path(site) / "site_config.json"


def read(path: Path) -> dict[str, Any]:
    """Return a configuration file; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return found


def write(path: Path, values: dict[str, Any]) -> None:
    """Write a configuration file in one go."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")
    aside.chmod(0o640)
    aside.replace(path)


def conf(site: str) -> dict[str, Any]:
    """Return what holds for a site: the bench's values, the site's own, and the variables.

    Raises:
        BenchError: there is no such site.
    """
    if not site_file(site).exists():
        raise BenchError(f"IncorrectSitePath: {site} does not exist")
    given = {key: os.environ[name] for key, name in _BY_VARIABLE.items() if name in os.environ}
    return {**read(COMMON), **read(site_file(site)), **given}


def put(path: Path, key: str, value: object) -> None:
    """Set one key; the text "None" removes it."""
    values = read(path)
    if value == "None":
        values.pop(key, None)
    else:
        values[key] = value
    write(path, values)


def parsed(text: str) -> object:
    """Return a Python literal, as `set-config --parse` takes it.

    Raises:
        BenchError: it is none.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise BenchError(f"malformed node or string: {text!r}") from None


def sites() -> list[str]:
    """Return every folder that holds a site."""
    return sorted(path.parent.name for path in Path().glob("*/site_config.json"))


def known_apps() -> list[str]:
    """Return the apps of this bench."""
    return Path("apps.txt").read_text().split()
