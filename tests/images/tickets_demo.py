"""What tests of the tickets demonstration share: its variables and how to run its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Start

PROVISIONING = "5eed" * 16
CRON = "c0de" * 16
VARIABLES = {
    "NEXT_PUBLIC_APP_URL": "http://tickets.localhost",
    "BETTER_AUTH_URL": "http://tickets.localhost",
    "NEXT_PUBLIC_CONVEX_URL": "http://convex.localhost",
    "CONVEX_INTERNAL_URL": "http://convex_backend:3210",
    "BETTER_AUTH_SECRET": "beef" * 16,
    "DATABASE_URL": "file:/app/data/db.sqlite",
    "MACHINE_PROVISIONING_SECRET": PROVISIONING,
    "REPORTS_CRON_SECRET": CRON,
    "MAILER_SENDER_EMAIL": "Chamados <no-reply@tickets.localhost>",
}
MIGRATE = ("bun", "x", "prisma", "migrate", "deploy")


def write_dotenv(path: Path, variables: dict[str, str]) -> None:
    """Writes the variables as the application's .env file."""
    path.write_text("".join(f'{name}="{value}"\n' for name, value in variables.items()))


def run_once(
    start: Start, image: str, *command: str, volume: str, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """Runs a command of the application to its end; exit code and output."""
    running = start(
        image,
        *command,
        environment=VARIABLES | (env or {}),
        volumes={volume: {"bind": "/app/data"}},
    )
    return running.wait(), running.logs()


def query(start: Start, image: str, *, volume: str, sql: str) -> str:
    """Rows of the application's database as the sqlite3 program prints them."""
    running = start(
        image, "sqlite3", "/data/db.sqlite", sql, volumes={volume: {"bind": "/data", "mode": "rw"}}
    )
    assert running.wait() == 0, running.logs()
    return running.logs().strip()
