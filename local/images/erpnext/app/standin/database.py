"""Connections to MariaDB: as root, and as the one user of a site's database."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pymysql  # type: ignore[import-untyped]  # Debian's, in the image

from . import config

if TYPE_CHECKING:
    from pathlib import Path

CONNECT_S = 10


def address() -> dict[str, Any]:
    """Return host and port of the server, by variable or configuration."""
    common = config.read(config.COMMON)
    host = os.environ.get("FRAPPE_DB_HOST") or common.get("db_host", "localhost")
    port = os.environ.get("FRAPPE_DB_PORT") or common.get("db_port", 3306)
    return {"host": str(host), "port": int(port)}


def name_for(site: str) -> str:
    """Return the name of a new site's database."""
    return "_" + hashlib.sha1(site.encode()).hexdigest()[:16]  # noqa: S324 - as Frappe does


class Connection:
    """One connection; statements are committed one by one."""

    def __init__(self, user: str, password: str, database: str | None = None) -> None:
        """Connect.

        Raises:
            BenchError: the server refuses, or does not answer.
        """
        try:
            self._raw = pymysql.connect(
                user=user, password=password, database=database, connect_timeout=CONNECT_S,
                charset="utf8mb4", autocommit=True, **address(),
            )  # fmt: skip
        except pymysql.MySQLError as error:
            raise config.BenchError(f"OperationalError: {error}") from None

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows.

        Raises:
            BenchError: the server refuses it.
        """
        try:
            with self._raw.cursor() as cursor:
                cursor.execute(sql, values or None)
                return list(cursor.fetchall())
        except pymysql.MySQLError as error:
            raise config.BenchError(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Disconnect."""
        self._raw.close()


def of_site(site: str) -> Connection:
    """Return a connection to a site's database."""
    conf = config.conf(site)
    return Connection(conf["db_name"], conf["db_password"], conf["db_name"])


def as_root(user: str | None, password: str | None, conf: dict[str, Any]) -> Connection:
    """Return a connection that may make and drop databases.

    Raises:
        BenchError: nobody gave a password, and there is nobody to ask.
    """
    found = password or conf.get("mariadb_root_password") or conf.get("root_password")
    if not found:
        raise config.BenchError("MySQL root password: Aborted!")
    return Connection(user or conf.get("root_login") or "root", str(found))


def make(root: Connection, name: str, password: str, scope: str) -> None:
    """Make an empty database and its user, in place of what is there."""
    root.run(f"DROP DATABASE IF EXISTS `{name}`")
    root.run(f"DROP USER IF EXISTS `{name}`@'{scope}'")
    root.run(f"CREATE DATABASE `{name}`")
    user = f"`{name}`@'{scope}'".replace("%", "%%")
    root.run(f"CREATE USER {user} IDENTIFIED BY %s", password)
    root.run(f"GRANT ALL PRIVILEGES ON `{name}`.* TO `{name}`@'{scope}'")


def client(program: str, site: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line of a client for a site's database, and its environment."""
    conf, at = config.conf(site), address()
    argv = [program, f"--host={at['host']}", f"--port={at['port']}", f"--user={conf['db_name']}"]
    return argv, {**os.environ, "MYSQL_PWD": conf["db_password"]}


def load(site: str, dump: Path) -> None:
    """Run the statements of a compressed dump.

    Raises:
        BenchError: one of them failed.
    """
    argv, env = client("mariadb", site)
    with subprocess.Popen(["gzip", "-dc", str(dump)], stdout=subprocess.PIPE) as unpacked:  # noqa: S603, S607
        done = subprocess.run(  # noqa: S603 - a program and arguments of our own
            [*argv, config.conf(site)["db_name"]], env=env, stdin=unpacked.stdout,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode or unpacked.returncode:
        raise config.BenchError(f"restoring {dump.name} failed: {done.stderr.strip()[-400:]}")


def dump(site: str, target: Path) -> None:
    """Write a compressed dump of a site's database.

    Raises:
        BenchError: it could not be written.
    """
    argv, env = client("mariadb-dump", site)
    argv += ["--single-transaction", "--quick", "--lock-tables=false", config.conf(site)["db_name"]]
    with (
        target.open("wb") as file,
        subprocess.Popen(  # noqa: S603 - as above
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as dumping,
    ):
        packed = subprocess.run(["gzip"], stdin=dumping.stdout, stdout=file, check=False)  # noqa: S607
        said = dumping.stderr.read().decode() if dumping.stderr else ""
    if dumping.returncode or packed.returncode:
        raise config.BenchError(f"mariadb-dump of {site} failed: {said.strip()[-400:]}")
