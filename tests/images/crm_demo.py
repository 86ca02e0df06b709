"""The CRM demonstration with its database, as tests run them: commands, variables, questions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.images.conftest import START_LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Place, Running

USER, DATABASE, PASSWORD = "crm_user", "crm_whatsapp_saas", "5eed" * 16
PORT = 3001
MIGRATE = ("npx", "prisma", "migrate", "deploy")
SEED = ("npm", "run", "seed")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A database server on a network of its own, which clients join."""

    place: Place
    image: str
    network: str
    running: Running

    def url(self, *, password: str = PASSWORD) -> str:
        host = self.running.container.name
        return f"postgresql://{USER}:{password}@{host}:5432/{DATABASE}?schema=public"

    def ask(self, sql: str) -> str:
        """What psql prints for the statement, rows and columns bare."""
        argv = ("psql", "-U", USER, "-d", DATABASE, "-v", "ON_ERROR_STOP=1", "-qAtc", sql)
        code, output = self.running.execute(*argv)
        assert code == 0, output
        return output.strip()

    def wait_for(self, sql: str) -> None:
        """Waits until the statement's answer is ``t``."""
        deadline = time.monotonic() + START_LIMIT_S
        while self.ask(sql) != "t":
            assert time.monotonic() < deadline, sql
            time.sleep(0.1)

    def end_sleepers(self) -> None:
        """Ends the sessions that sleep, as a server that dies would."""
        asleep = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        self.wait_for(f"SELECT count(*) > 0 {asleep}")
        self.ask(f"SELECT pg_terminate_backend(pid) {asleep}")

    def recreate(self) -> None:
        """Empties the database, so that one server does for many tests."""
        self.ask("DROP SCHEMA public CASCADE")
        self.ask("CREATE SCHEMA public")

    def start(self, image: str, *command: str, env: dict[str, str] | None = None) -> Running:
        """Starts a container of the application beside the server."""
        variables = {"DATABASE_URL": self.url(), "PORT": str(PORT)}
        return self.place.start(
            image,
            *command,
            environment=variables | (env or {}),
            network=self.network,
            ports={f"{PORT}/tcp": ("127.0.0.1", None)},
        )

    def run(self, image: str, *command: str, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Runs a command of the application to its end; exit code and output."""
        running = self.start(image, *command, env=env)
        return running.wait(), running.logs()


def wait_until_ready(running: Running) -> None:
    """Waits until the server takes connections on its usual socket."""
    deadline = time.monotonic() + 3 * START_LIMIT_S
    while running.execute("pg_isready", "-q")[0] != 0:
        running.container.reload()
        assert running.container.status == "running", running.logs()
        assert time.monotonic() < deadline, running.logs()
        time.sleep(0.2)


def start_postgres(place: Place, image: str, folder: Path, *, volume: str, network: str) -> Running:
    """Starts a server as the estate does: password from a file, tuning as arguments."""
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n")
    return place.start(
        image,
        *("postgres", "-c", "shared_buffers=32MB"),
        environment={
            "POSTGRES_USER": USER,
            "POSTGRES_DB": DATABASE,
            "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
        },
        volumes={
            str(secret): {"bind": "/run/secrets/postgres_password", "mode": "ro"},
            volume: {"bind": "/var/lib/postgresql/data"},
        },
        network=network,
    )


def serve_postgres(place: Place, image: str, folder: Path) -> Server:
    """A server that is ready, on a new volume and a new network."""
    network = place.network()
    running = start_postgres(place, image, folder, volume=place.volume(), network=network)
    wait_until_ready(running)
    return Server(place=place, image=image, network=network, running=running)
