"""Releases of the CRM that fail while they change data, under load: every row is as it was."""

import time

import pytest

from tests.engine.releases import Fault, release
from tests.engine.stack import wait_until
from tests.faults.crm import Crm, Failed, mode_of
from tests.faults.scorecard import Row

pytestmark = pytest.mark.engine


def restored(row: Row, failed: Failed, phase: str) -> None:
    assert row.ended == "recovered"
    assert f"failed at {phase}: recovered" in failed.report
    if row.mode == "offline":
        assert "the data of before is back" in failed.report
    else:
        assert row.traffic is not None
        assert row.traffic.lost == []
        on_copy = "the migration ran on a copy alone" in failed.report
        assert on_copy == (phase == "migrate")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("online", marks=pytest.mark.fault("migration fails half-way", "online")),
        pytest.param("offline", marks=pytest.mark.fault("migration fails half-way", "offline")),
    ],
)
def test_a_migration_that_fails_leaves_nothing(served: Crm, row: Row, mode: str) -> None:
    failed = served.try_out(row, f"bad-{mode}", "bad-migration")
    restored(row, failed, "migrate")
    assert "P3018: migration 20260101000000_broken failed to apply" in failed.report
    assert 'relation "nowhere" does not exist' in failed.report
    assert "Correct migration 20260101000000_broken" in failed.report
    served.must_be_pending()
    served.mend(row, f"after-bad-{mode}")


@pytest.mark.fault("migration with a COMMIT of its own fails", "offline", always=True)
def test_offline_a_migration_that_commits_half_of_itself_leaves_nothing(
    served: Crm, row: Row
) -> None:
    failed = served.try_out(row, "half-offline", "half-migration")
    restored(row, failed, "migrate")
    assert "Correct migration 20260101000000_half" in failed.report
    assert served.sql("SELECT to_regclass('half') IS NULL") == "t"
    served.must_be_pending()
    served.mend(row, "after-half-offline")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("online", marks=pytest.mark.fault("migration hangs", "online")),
        pytest.param("offline", marks=pytest.mark.fault("migration hangs", "offline")),
    ],
)
def test_a_migration_that_hangs_is_ended_at_its_limit(served: Crm, row: Row, mode: str) -> None:
    key = ("--path", "estate:crm.job_limit")
    served.stack.engine.ask("config", "set", *key, "20s")
    try:
        failed = served.try_out(row, f"slow-{mode}", "slow-migration")
    finally:
        served.stack.engine.ask("config", "rm", *key)
    restored(row, failed, "migrate")
    where = " on a copy" if mode == "online" else ""
    assert f"npx prisma migrate deploy{where} did not end within 20 s" in failed.report
    served.must_be_pending()
    served.mend(row, f"after-slow-{mode}")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("online", marks=pytest.mark.fault("seed fails", "online")),
        pytest.param("offline", marks=pytest.mark.fault("seed fails", "offline")),
    ],
)
def test_a_seed_that_fails_is_a_failed_release(served: Crm, row: Row, mode: str) -> None:
    failed = served.try_out(row, f"seed-{mode}", "bad-seed")
    restored(row, failed, "seed")
    assert "npm run seed failed" in failed.report
    served.must_be_pending()
    served.mend(row, f"after-seed-{mode}")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("online", marks=pytest.mark.fault("database killed in a migration", "online")),
        pytest.param(
            "offline", marks=pytest.mark.fault("database killed in a migration", "offline")
        ),
    ],
)
def test_a_database_that_is_killed_in_a_migration_is_waited_for(
    served: Crm, row: Row, mode: str
) -> None:
    fault: Fault = "slow-live-migration" if mode == "online" else "slow-migration"
    with served.failing(row, f"killed-{mode}") as failed:
        served.choose(release(f"killed-{mode}", fault=fault, image="crm"), mode_of(row))
        with served.starting() as running:
            wait_until(served.migration_sleeps, 180)
            time.sleep(1)
            container = served.container("postgres")
            assert container is not None
            container.kill()
            failed.up = running()
    assert "failed at migrate" in failed.report
    served.must_be_pending()
    served.mend(row, f"after-killed-{mode}")


@pytest.mark.fault("migration with a COMMIT of its own fails", "online", always=True)
def test_online_a_migration_that_commits_half_of_itself_does_so_on_a_copy(
    served: Crm, row: Row
) -> None:
    failed = served.try_out(row, "half-online", "half-migration")
    restored(row, failed, "migrate")
    assert "Correct migration 20260101000000_half" in failed.report
    assert served.sql("SELECT to_regclass('half') IS NULL") == "t"
    # The log of the one that failed stays; copy and network are gone.
    failed_job = served.stack.docker.services.get(f"{served.stack.name}_migrate-on-copy")
    assert b"P3018" in b"".join(failed_job.logs(stdout=True, stderr=True))
    assert not served.stack.docker.networks.list(names=[f"{served.stack.name}_migrate-copy"])
    served.must_be_pending()
    served.mend(row, "after-half-online")


@pytest.mark.long
def test_one_that_does_so_on_the_live_data_alone_is_told_and_can_be_restored(served: Crm) -> None:
    """By nature: only a person can say whether what users wrote since may go."""
    old = served.build()
    with served.under_load("half-live") as traffic:
        served.choose(release("half-live", fault="half-live-migration", image="crm"))
        done = served.up()
    assert done.code not in {0, None}
    assert served.build() == old
    assert traffic.lost == []
    assert served.journal()["history"][-1]["result"] == "half recovered"
    assert "a part of the failed migration may be in its data" in done.output
    assert "make restore" in done.output
    # What was accepted is there; the migration has changed the texts of before, not the number.
    assert served.sql("SELECT count(*) FROM half") == "0"
    there = set(served.sql('SELECT "id" FROM "messages"').split())
    assert {str(key) for key in served.written} <= there
    served.restore()
    served.written = {n: one for n, one in served.written.items() if n not in traffic.written}
    assert served.rows_lost() == []
    served.must_serve("after-half-live")
