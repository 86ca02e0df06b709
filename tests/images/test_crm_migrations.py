"""On PostgreSQL the demonstration's migrator behaves as `prisma migrate deploy` does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from steps.prisma import explain
from tests.images.crm_demo import DATABASE, MIGRATE, PASSWORD, PORT, USER, Server, serve_postgres
from tests.images.test_crm import variant

if TYPE_CHECKING:
    from tests.images.conftest import Place

COLUMNS = (
    "id checksum finished_at migration_name logs rolled_back_at started_at applied_steps_count"
)
RESOLVE = ("npx", "prisma", "migrate", "resolve", "--rolled-back")


@pytest.fixture(scope="module")
def running_server(
    shared: Place, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Server:
    return serve_postgres(shared, images["postgres"], tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def server(running_server: Server, images: dict[str, str]) -> Server:
    """An empty database, migrated by the good release, with two messages."""
    running_server.recreate()
    code, log = running_server.run(images["crm"], *MIGRATE)
    assert code == 0, log
    running_server.ask("INSERT INTO messages (text) VALUES ('one'), ('two')")
    return running_server


def texts(server: Server) -> str:
    return server.ask("SELECT string_agg(text, ',' ORDER BY id) FROM messages")


def test_a_second_deploy_finds_nothing_to_do(server: Server, images: dict[str, str]) -> None:
    code, log = server.run(images["crm"], *MIGRATE)
    assert code == 0
    assert "No pending migrations to apply." in log
    assert "stand-in" in log
    sql = (
        "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) "
        "FROM information_schema.columns WHERE table_name = '_prisma_migrations'"
    )
    assert server.ask(sql) == COLUMNS
    sql = "SELECT count(*), count(finished_at), min(length(checksum)) FROM _prisma_migrations"
    assert server.ask(sql) == "3|3|64"
    assert server.run(images["crm"], "npx", "prisma", "migrate", "status")[0] == 0


def test_a_failed_migration_is_taken_back_and_blocks_until_it_is_resolved(
    server: Server, images: dict[str, str]
) -> None:
    code, log = server.run(variant("bad-migration"), *MIGRATE)
    assert code == 1
    assert "P3018" in log
    assert "Database error code: 42P01" in log
    explained = explain(log)
    assert explained is not None
    assert "20260101000000_broken" in explained.why
    assert 'relation "nowhere" does not exist' in explained.why
    assert texts(server) == "one,two", "one script is one transaction"
    code, log = server.run(images["crm"], *MIGRATE)
    assert code == 1
    assert "P3009" in log
    assert server.run(images["crm"], *RESOLVE, "20260101000000_broken")[0] == 0
    assert server.run(images["crm"], *MIGRATE)[0] == 0
    assert "P3012" in server.run(images["crm"], *RESOLVE, "20260101000000_broken")[1]


def test_a_script_with_its_own_commit_leaves_half_of_itself(server: Server) -> None:
    code, log = server.run(variant("half-migration"), *MIGRATE)
    assert code == 1
    assert "P3018" in log
    assert texts(server) == "half migrated,half migrated"
    assert server.ask("SELECT count(*) FROM half") == "0"


def test_a_migration_whose_database_dies_is_unfinished(
    server: Server, images: dict[str, str]
) -> None:
    running = server.start(variant("slow-migration"), *MIGRATE)
    running.wait_for_log("Applying migration `20260101000000_slow`")
    server.end_sleepers()
    assert running.wait() == 1
    assert "P1017" in running.logs()
    assert texts(server) == "one,two"
    assert "P3009" in server.run(images["crm"], *MIGRATE)[1]


def test_a_new_column_with_a_default_suits_the_release_before(
    server: Server, images: dict[str, str]
) -> None:
    old = server.start(images["crm"])
    url = old.wait_for(PORT, "/api/health")
    assert server.run(variant("new-column"), *MIGRATE)[0] == 0
    assert httpx.post(url + "/api/messages", json={"text": "three"}).status_code == 201
    assert server.ask("SELECT string_agg(channel, ',') FROM messages") == ",".join(["whatsapp"] * 3)
    again = server.start(images["crm"])
    again.wait_for(PORT, "/api/health")


@pytest.mark.long
def test_a_deploy_waits_ten_seconds_for_another_one(server: Server, images: dict[str, str]) -> None:
    hold = "SELECT pg_advisory_lock(72707369), pg_sleep(60)"
    argv = ["psql", "-U", USER, "-d", DATABASE, "-c", hold]
    server.running.container.exec_run(argv, detach=True)
    server.wait_for("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted")
    code, log = server.run(images["crm"], *MIGRATE)
    assert code == 1
    assert "P1002" in log
    server.end_sleepers()


def test_two_deploys_at_once_apply_each_migration_once(
    server: Server, images: dict[str, str]
) -> None:
    server.recreate()
    codes: list[int] = []
    both = [
        threading.Thread(target=lambda: codes.append(server.run(images["crm"], *MIGRATE)[0]))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert codes == [0, 0]
    assert server.ask("SELECT count(*), count(finished_at) FROM _prisma_migrations") == "3|3"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (":5432", ":5433", "P1001"),
        (PASSWORD, "wrong", "P1000"),
        (DATABASE, "elsewhere", "P1003"),
        ("postgresql://", "file:", "P1012"),
    ],
)
def test_a_database_that_cannot_be_used_has_its_code(
    server: Server, images: dict[str, str], old: str, new: str, code: str
) -> None:
    env = {"DATABASE_URL": server.url().replace(old, new)}
    ended, log = server.run(images["crm"], *MIGRATE, env=env)
    assert ended == 1
    assert f"Error: {code}" in log
    assert PASSWORD not in log
