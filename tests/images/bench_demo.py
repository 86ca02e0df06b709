"""The `bench` stand-in with its database and Redis, as tests run them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.images.conftest import START_LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Place, Running

ROOT = "r00t" * 8
ADMIN = "4dm1n" * 4
SITES = "/home/frappe/frappe-bench/sites"
UTF8 = (
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--skip-character-set-client-handshake",
    "--innodb-buffer-pool-size=32M",
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A container in which `bench` runs beside a server of its own."""

    place: Place
    network: str
    volume: str
    database: Running
    redis: Running
    inside: Running

    def __call__(self, *argv: str) -> tuple[int, str]:
        """Runs a command of `bench`; exit code and output."""
        return self.inside.execute("bench", *argv)

    def well(self, *argv: str) -> str:
        code, output = self(*argv)
        assert code == 0, output
        return output

    def config(self, site: str) -> dict[str, Any]:
        code, text = self.inside.execute("cat", f"{SITES}/{site}/site_config.json")
        assert code == 0, text
        found: dict[str, Any] = json.loads(text)
        return found

    def shell(self, script: str) -> str:
        code, output = self.inside.execute("sh", "-c", f"cd {SITES} && {script}")
        assert code == 0, output
        return output.strip()

    def sql(self, text: str, site: str | None = None) -> str:
        """What the server answers to root, rows and columns bare."""
        schema = [str(self.config(site)["db_name"])] if site else []
        argv = ["mariadb", "-uroot", f"-p{ROOT}", "-N", "-B", *schema, "-e", text]
        code, output = self.database.execute(*argv)
        assert code == 0, output
        return output.strip()

    def of(self, image: str) -> Bench:
        """The same sites with `bench` of another image."""
        inside = _start(self.place, image, network=self.network, volume=self.volume)
        return Bench(
            place=self.place, network=self.network, volume=self.volume,
            database=self.database, redis=self.redis, inside=inside,
        )  # fmt: skip


def start_mariadb(place: Place, image: str, folder: Path, *, volume: str, network: str) -> Running:
    """Starts a server as the estate does: password from a file, options as arguments."""
    secret = folder / "password"
    secret.write_text(ROOT + "\n")
    return place.start(
        image,
        *UTF8,
        environment={"MYSQL_ROOT_PASSWORD_FILE": "/run/secrets/root", "MARIADB_AUTO_UPGRADE": "1"},
        volumes={
            str(secret): {"bind": "/run/secrets/root", "mode": "ro"},
            volume: {"bind": "/var/lib/mysql"},
        },
        network=network,
    )


def wait_until_ready(running: Running) -> None:
    """Waits until the server's own healthcheck is content."""
    deadline = time.monotonic() + 3 * START_LIMIT_S
    while running.execute("healthcheck.sh", "--connect", "--innodb_initialized")[0] != 0:
        running.container.reload()
        assert running.container.status == "running", running.logs()
        assert time.monotonic() < deadline, running.logs()
        time.sleep(0.2)


def serve_bench(place: Place, images: dict[str, str], folder: Path) -> Bench:
    """A bench without sites, on new volumes and a new network, configured as upstream does."""
    network, volume = place.network(), place.volume()
    database = start_mariadb(
        place, images["mariadb"], folder, volume=place.volume(), network=network
    )
    redis = place.start(images["redis"], network=network)
    inside = _start(place, images["erpnext"], network=network, volume=volume)
    bench = Bench(
        place=place, network=network, volume=volume, database=database, redis=redis, inside=inside
    )
    bench.well("set-config", "-g", "db_host", str(database.container.name))
    bench.well("set-config", "-gp", "db_port", "3306")
    for key in ("redis_cache", "redis_queue"):
        bench.well("set-config", "-g", key, f"redis://{redis.container.name}:6379")
    wait_until_ready(database)
    return bench


def _start(place: Place, image: str, *, network: str, volume: str) -> Running:
    return place.start(
        image, "sleep", "infinity", network=network, volumes={volume: {"bind": SITES}}, init=True
    )
