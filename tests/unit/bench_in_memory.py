"""A bench whose databases are files of rows; its commands do what those of the real one do."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from steps.scripts.bench_tool import Bench, BenchError, change_json, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "r00t-canary"
BAD = "bad.localhost"


class KilledError(BaseException):
    """The process ends here, as by kill -9: nothing after it is done."""


class MemoryBench(Bench):
    """Counts its commands, and is killed at one of them if it is told so."""

    def __init__(self, sites: Path) -> None:
        super().__init__(sites, ROOT)
        self.done: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.killed_at = -1
        write_json(sites / "common_site_config.json", {"db_host": "db"})

    def rows(self, site: str) -> dict[str, Any]:
        return read_json(self.sites / site / "database.json")

    def put_rows(self, site: str, rows: dict[str, Any]) -> None:
        write_json(self.sites / site / "database.json", rows)

    def add(self, site: str, **config: object) -> None:
        self.run("new-site", "--install-app", "erpnext", site, limit_s=1)
        self.set_config(site, config)
        self.done.clear()
        self.seen.clear()

    def run(self, *argv: str, limit_s: float) -> str:
        del limit_s
        words = [word for word in argv if word != "--site"]
        if argv[0] == "--site":
            words[0], words[1] = words[1], words[0]
        self.done.append(" ".join(words[:2]))
        if len(self.done) == self.killed_at:
            # Half of what the command does has happened.
            if words[0] == "migrate":
                self.put_rows(words[1], {"tabToDo": []})
            raise KilledError
        self.seen.append(self.common())
        getattr(self, "_" + words[0].replace("-", "_"))(words[1:])
        return ""

    def query(self, sql: str) -> list[list[str]]:
        found = []
        for site in self.names():
            name, rows = f"db_{site}", self.rows(site)
            if f"table_schema` = '{name}'" in sql:
                return [[table] for table in rows if table != "apps"]
            for table, kept in rows.items():
                if f"FROM `{name}`.`{table}`" in sql:
                    found.append([table, str(len(kept))])
            if f"SELECT '{site}'" in sql:
                on = "1" if rows.get("scheduler") else "0"
                found.append([site, json.dumps(rows.get("apps", [])), on])
        return found

    def _new_site(self, words: list[str]) -> None:
        site, force = words[-1], "--force" in words
        folder = self.sites / site
        if folder.exists() and not force:
            raise BenchError(f"Site {site} already exists, use `--force` to proceed anyway")
        given = [w for at, w in enumerate(words) if at and words[at - 1] == "--install-app"]
        write_json(folder / "site_config.json", {"db_name": f"db_{site}", "encryption_key": "k"})
        apps = ["frappe", *given]
        self.put_rows(site, {"apps": apps, "tabUser": ["Administrator"], "tabToDo": ["a", "b"]})

    def _install_app(self, words: list[str]) -> None:
        if words[1] == "nowhere":
            raise BenchError("No module named 'nowhere'")
        rows = self.rows(words[0])
        self.put_rows(words[0], {**rows, "apps": [*rows["apps"], words[1]]})

    def _scheduler(self, words: list[str]) -> None:
        self.put_rows(words[0], {**self.rows(words[0]), "scheduler": words[1] == "enable" or ""})

    def _backup(self, words: list[str]) -> None:
        site = words[0]
        at = words.index("--backup-path") + 1 if "--backup-path" in words else 0
        folder = self.sites.joinpath(words[at]) if at else self.sites / site / "private/backups"
        folder.mkdir(parents=True, exist_ok=True)
        dump = json.dumps(self.rows(site)) + "\n-- Dump completed on a day\n"
        (folder / "1-s-database.sql.gz").write_bytes(gzip.compress(dump.encode()))
        for end in ("files.tar", "private-files.tar"):
            (folder / f"1-s-{end}").write_text("files")
        kept = json.dumps(self.config(site))
        (folder / "1-s-site_config_backup.json").write_text(kept)

    def _restore(self, words: list[str]) -> None:
        text = gzip.decompress(self.sites.joinpath(words[1]).read_bytes()).decode()
        self.put_rows(words[0], json.loads(text.splitlines()[0]))

    def _migrate(self, words: list[str]) -> None:
        rows = self.rows(words[0])
        if words[0] == BAD:
            self.put_rows(words[0], {**rows, "tabToDo": []})
            raise BenchError(f"bench migrate ended with 1\nPatch x failed\n{ROOT}")
        self.put_rows(words[0], {**rows, "tabNew": rows["tabToDo"]})

    def _clear_cache(self, words: list[str]) -> None:
        change_json(self.sites / words[0] / "cleared.json", {"cleared": True})

    def _drop_site(self, words: list[str]) -> None:
        target = self.sites.joinpath(words[words.index("--archived-sites-path") + 1])
        target.mkdir(exist_ok=True)
        (self.sites / words[0]).rename(target / words[0])
