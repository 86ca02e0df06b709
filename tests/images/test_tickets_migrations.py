"""The demonstration's migrator behaves as `prisma migrate deploy` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.images.build.__main__ import build_images
from tests.images.tickets_demo import MIGRATE, query, run_once

if TYPE_CHECKING:
    from tests.images.conftest import Start

COLUMNS = (
    "id checksum finished_at migration_name logs rolled_back_at started_at applied_steps_count"
)


def test_a_second_deploy_finds_nothing_to_do(
    start: Start, images: dict[str, str], volume: str
) -> None:
    code, log = run_once(start, images["tickets"], *MIGRATE, volume=volume)
    assert code == 0
    assert "All migrations have been successfully applied." in log
    assert "stand-in" in log
    code, log = run_once(start, images["tickets"], *MIGRATE, volume=volume)
    assert code == 0
    assert "No pending migrations to apply." in log
    sql = (
        "SELECT group_concat(name, ' ') FROM pragma_table_info('_prisma_migrations');"
        "SELECT count(*), count(finished_at), min(length(checksum)) FROM _prisma_migrations"
    )
    assert query(start, images["tools"], volume=volume, sql=sql) == f"{COLUMNS}\n3|3|64"


def test_a_failed_migration_blocks_the_next_ones_until_it_is_resolved(
    start: Start, images: dict[str, str], volume: str
) -> None:
    broken = build_images(["tickets"], {"DEMO_FAULT": "bad-migration"})["tickets"]
    assert run_once(start, images["tickets"], *MIGRATE, volume=volume)[0] == 0
    assert run_once(start, images["tickets"], "bun", "run", "auth:seed", volume=volume)[0] == 0
    code, log = run_once(start, broken, *MIGRATE, volume=volume)
    assert code == 1
    assert "P3018" in log
    assert "20260101000000_broken" in log
    # What ran before the mistake stays, which is why a release keeps a backup.
    names = 'SELECT DISTINCT name FROM "user"'
    assert query(start, images["tools"], volume=volume, sql=names) == "half migrated"
    for image in (broken, images["tickets"]):
        code, log = run_once(start, image, *MIGRATE, volume=volume)
        assert code == 1
        assert "P3009" in log
    resolve = ("bun", "x", "prisma", "migrate", "resolve", "--rolled-back", "20260101000000_broken")
    assert run_once(start, images["tickets"], *resolve, volume=volume)[0] == 0
    assert run_once(start, images["tickets"], *MIGRATE, volume=volume)[0] == 0
