"""A bench from inside a job on its image: commands, configuration files, database server."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SITES = Path("/home/frappe/frappe-bench/sites")
OURS = ".estate"
"""Folder beside the sites for what is ours; a folder without site_config.json is no site."""
ROOT_PASSWORD_FILE = "/run/secrets/mariadb_root_password"  # noqa: S105 - a path
PASSWORDS = ("root_password", "admin_password")
"""Keys that stand in the common configuration only while a command needs them: the other way to
give them is on its command line, which every process may read."""
TAIL = 12
AWAY = ("ERROR 2", "ERROR 1040", "ERROR 1045", "ERROR 1130", "ERROR 1698")
"""How the client says that it is not connected, too many are, or that it may not be."""


class BenchError(Exception):
    """A command failed, or there is nothing to work on; its text has no secret."""


class Bench:
    """The bench whose sites are mounted here."""

    def __init__(self, sites: Path, root_password: str) -> None:
        """Look at it; nothing is run yet.

        Args:
            sites: the folder of the sites.
            root_password: of the database server.
        """
        self.sites = sites
        self._root = root_password
        self._hidden = [root_password]
        self._one_at_a_time = threading.Lock()

    def run(self, *argv: str, limit_s: float) -> str:
        """Run a command of bench; return what it said.

        Args:
            argv: without `bench`.
            limit_s: seconds until it is ended, with everything that it has started.

        Raises:
            BenchError: it failed, or took too long; the text is the end of what it said.
        """
        code, said = _run(["bench", *argv], None, limit_s=limit_s)
        if code == 0:
            return said
        tail = "\n".join(said.splitlines()[-TAIL:])
        why = f"took over {limit_s:g} s and was ended" if code is None else f"ended with {code}"
        raise BenchError(self.hide(f"bench {' '.join(argv[:3])} {why}\n{tail}"))

    def query(self, sql: str) -> list[list[str]]:
        """Run statements as root; return their rows.

        One that fails has none: a damaged site keeps no other from being looked at.

        Raises:
            BenchError: the server does not answer, or lets nobody in.
        """
        common = self.common()
        host, port = common.get("db_host", "localhost"), common.get("db_port", 3306)
        argv = ["mariadb", f"--host={host}", f"--port={port}", "--user=root", "--batch", "--raw"]
        argv += ["--skip-column-names", "--force", "--connect-timeout=20"]
        env = {**os.environ, "MYSQL_PWD": self._root}
        done = subprocess.run(  # noqa: S603 - a program and arguments of our own
            argv, input=sql, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        refused = [line for line in done.stderr.splitlines() if line.startswith(AWAY)]
        if refused:
            raise BenchError(self.hide(f"MariaDB at {host}:{port}: {refused[0]}"))
        return [line.split("\t") for line in done.stdout.splitlines()]

    def load(self, database: str, dump: Path) -> None:
        """Load a compressed dump into a database as root.

        Raises:
            BenchError: it cannot be loaded.
        """
        common = self.common()
        host, port = common.get("db_host", "localhost"), common.get("db_port", 3306)
        argv = ["mariadb", f"--host={host}", f"--port={port}", "--user=root", database]
        env = {**os.environ, "MYSQL_PWD": self._root}
        with subprocess.Popen(  # noqa: S603 - a program and arguments of our own
            argv, env=env, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as loading:
            assert loading.stdin is not None  # noqa: S101 - it was asked for
            with gzip.open(dump) as plain, contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(plain, loading.stdin)
            _, said = loading.communicate()
        if loading.returncode:
            tail = said.decode(errors="replace").strip()[-500:]
            raise BenchError(self.hide(f"the copy cannot be loaded into {database}: {tail}"))

    def common(self) -> dict[str, Any]:
        """Return what holds for all sites."""
        return read_json(self.sites / "common_site_config.json")

    def config(self, site: str) -> dict[str, Any]:
        """Return a site's own configuration; empty when there is no site."""
        return read_json(self.sites / site / "site_config.json")

    def set_config(self, site: str, changes: Mapping[str, Any]) -> None:
        """Set keys of a site's configuration; None removes one."""
        change_json(self.sites / site / "site_config.json", changes)

    def names(self) -> list[str]:
        """Return every site there is."""
        return sorted(path.parent.name for path in self.sites.glob("*/site_config.json"))

    def hide(self, text: str) -> str:
        """Return a text without passwords."""
        for secret in self._hidden:
            text = text.replace(secret, "***") if secret else text
        return text

    @contextmanager
    def passwords(self, admin: str | None = None) -> Iterator[None]:
        """Let commands find the passwords that they would ask for, one command at a time."""
        given = {"root_password": self._root, **({"admin_password": admin} if admin else {})}
        self._hidden += [admin] if admin else []
        with self._one_at_a_time:
            change_json(self.sites / "common_site_config.json", given)
            try:
                yield
            finally:
                self.forget_passwords()

    def forget_passwords(self) -> None:
        """Remove passwords that a killed job has left in the common configuration."""
        if any(name in self.common() for name in PASSWORDS):
            change_json(self.sites / "common_site_config.json", dict.fromkeys(PASSWORDS))


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object of a file; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8") or "{}")
    except FileNotFoundError:
        return {}
    return found


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object to a file in one go; a kill leaves the file of before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(values, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.chmod(0o640)
    aside.replace(path)


def change_json(path: Path, changes: Mapping[str, Any]) -> None:
    """Set keys of a JSON object in a file; None removes one."""
    values = {**read_json(path), **changes}
    write_json(path, {key: value for key, value in values.items() if value is not None})


def _run(
    argv: Sequence[str], env: Mapping[str, str] | None, *, limit_s: float
) -> tuple[int | None, str]:
    """Run a program in a group of its own; return exit code (None: it took too long) and output."""
    with subprocess.Popen(  # noqa: S603 - programs and arguments of our own
        argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            return None, said
    return process.returncode, said
