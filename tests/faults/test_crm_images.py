"""Releases of the CRM whose image is wrong, under load: what users had of it, and what is said."""

import pytest

from tests.engine.releases import missing, release
from tests.faults.crm import Crm
from tests.faults.scorecard import Row

pytestmark = pytest.mark.engine


@pytest.mark.fault("none: a good release", "online")
def test_a_good_online_release_loses_no_request(served: Crm, row: Row) -> None:
    with served.under_load("good-online") as row.traffic:
        served.must_serve("good-online")
    assert row.traffic.lost == []
    row.rows_lost, row.ended = len(served.rows_lost()), "released"
    assert row.rows_lost == 0


@pytest.mark.fault("none: a good release", "offline")
def test_a_good_offline_release_takes_the_service_away_once(served: Crm, row: Row) -> None:
    with served.under_load("good-offline") as row.traffic:
        served.must_serve("good-offline", mode="offline")
    row.rows_lost, row.ended = len(served.rows_lost()), "released"
    assert row.rows_lost == 0


@pytest.mark.fault("none: the same release twice", "-")
def test_the_same_release_twice_does_nothing_the_second_time(served: Crm, row: Row) -> None:
    served.must_serve("twice")
    tasks, journal = served.stack.tasks(), served.journal()
    with served.under_load("twice") as row.traffic:
        again = served.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert again.code == 0, again.output
    assert served.stack.tasks() == tasks
    assert served.journal() == journal
    assert row.traffic.lost == []
    row.rows_lost, row.ended = len(served.rows_lost()), "nothing done"
    assert row.rows_lost == 0


@pytest.mark.fault("image crashes", "online")
def test_an_image_that_crashes_never_serves(served: Crm, row: Row) -> None:
    failed = served.try_out(row, "crash", "crash")
    assert row.ended == "recovered"
    assert "failed at switch: recovered" in failed.report
    assert "task error: task: non-zero exit (1)" in failed.report
    assert "release crash was built to crash" in failed.report
    assert row.traffic is not None
    assert row.traffic.lost == []
    served.must_be_pending()
    served.mend(row, "after-crash")


@pytest.mark.fault("image never gets healthy", "online")
def test_an_image_that_is_never_healthy_never_serves(served: Crm, row: Row) -> None:
    failed = served.try_out(row, "unhealthy", "unhealthy")
    assert row.ended == "recovered"
    assert "failed at switch: recovered" in failed.report
    assert "health check" in failed.report
    assert row.traffic is not None
    assert row.traffic.lost == []
    served.must_be_pending()
    served.mend(row, "after-unhealthy")


@pytest.mark.parametrize(
    "_",
    [
        pytest.param(
            "online", marks=pytest.mark.fault("well inside, wrong outside", "online", always=True)
        ),
        pytest.param("offline", marks=pytest.mark.fault("well inside, wrong outside", "offline")),
    ],
)
def test_an_image_that_is_wrong_outside_is_seen_from_outside(served: Crm, row: Row, _: str) -> None:
    failed = served.try_out(row, f"sick-{row.mode}", "sick-outside")
    assert row.ended == "recovered"
    assert "failed at switch: recovered" in failed.report
    assert "wanted HTTP 200; it was HTTP 500" in failed.report
    if row.mode == "online":
        # It was tried beside the old one, before it would have got traffic.
        assert row.traffic is not None
        assert row.traffic.lost == []
    served.must_be_pending()
    served.mend(row, f"after-sick-{row.mode}")


@pytest.mark.fault("image that no registry has", "online")
def test_an_image_that_no_registry_has_touches_nothing(served: Crm, row: Row) -> None:
    image = missing(release("demo", image="crm"))
    failed = served.try_out(row, "nowhere", image=image)
    assert "failed at migrate" in failed.report
    assert "No such image" in failed.report
    assert row.traffic is not None
    assert row.traffic.lost == []
    served.must_be_pending()
    served.mend(row, "after-nowhere")
