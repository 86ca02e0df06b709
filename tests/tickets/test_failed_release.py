"""Releases that fail with a plain `pulumi up`: the old one serves, and the reason is said."""

import pytest

from tests.tickets.life import FAILED, FIRST, NAME, Life

pytestmark = pytest.mark.engine


def tried(*whats: str) -> pytest.MarkDecorator:
    """Run a test for what was tried; one failure of each phase is enough but for a scorecard."""
    long = {"no image", "unhealthy"}
    cases = [pytest.param(what, marks=[pytest.mark.long] * (what in long)) for what in whats]
    return pytest.mark.parametrize("what", cases)


def said(output: str, first: str, last: str) -> list[str]:
    """Our lines in what the engine said at the end, from one that holds a text to another."""
    lines = output.partition("\nDiagnostics:\n")[2].splitlines()
    start = next((number for number, line in enumerate(lines) if first in line), None)
    assert start is not None, output
    end = next(number for number, line in enumerate(lines) if number > start and last in line)
    return lines[start : end + 1]


def report(life: Life, what: str) -> str:
    """The transaction's report of a failed release."""
    lines = said(life.releases[what].up.output, f"FAILED: {NAME}: release", "do:")
    assert len(lines) < 20
    return "\n".join(lines)


@tried(*FAILED)
def test_the_old_release_serves_after_a_failed_one(life: Life, what: str) -> None:
    tried = life.releases[what]
    assert tried.up.code not in {0, None}
    assert tried.build == "demo"
    assert len(tried.web) == 1


@tried(*FAILED)
def test_the_next_preview_shows_the_failed_release_as_pending(life: Life, what: str) -> None:
    preview = life.releases[what].preview
    assert preview.code == 7
    assert f"{NAME}_web" in preview.output


@tried(*FAILED)
def test_the_engine_records_no_service_of_a_failed_release(life: Life, what: str) -> None:
    assert "docker:index:Service" not in life.releases[what].up.output


@tried(*FAILED)
def test_a_failed_release_says_where_it_failed_and_that_the_data_is_back(
    life: Life, what: str
) -> None:
    text = report(life, what)
    phase = "switch" if what in {"crash", "unhealthy"} else "migrate"
    assert f"failed at {phase}: recovered" in text
    assert "serves again, seen from outside" in text
    assert "the data of before is back" in text


@tried("crash")
def test_an_image_that_crashes_is_explained_by_its_error_and_its_log(life: Life, what: str) -> None:
    text = report(life, what)
    assert "task error: task: non-zero exit (1)" in text
    assert "release crash was built to crash" in text


@tried("unhealthy")
def test_an_image_that_is_unhealthy_is_explained_by_its_health_and_its_log(
    life: Life, what: str
) -> None:
    text = report(life, what)
    assert "health check" in text
    assert "build unhealthy, port 3000" in text


@tried("bad migration")
def test_a_migration_that_fails_is_explained_by_the_database(life: Life, what: str) -> None:
    text = report(life, what)
    assert "P3018: migration 20260101000000_broken failed to apply" in text
    assert "no such table: nowhere" in text


@tried("no image")
def test_an_image_that_no_registry_has_is_named(life: Life, what: str) -> None:
    text = report(life, what)
    assert "No such image: 127.0.0.1:5000/estate/tickets@sha256:eeee" in text
    assert "Check the image's digest" in text


def test_a_first_up_that_fails_is_explained_too(life: Life) -> None:
    assert life.first.code not in {0, None}
    lines = said(life.first.output, f"{FIRST}_edge_docker could not be created", "next:")
    text = "\n".join(lines)
    assert "task error: task: non-zero exit (1)" in text
    assert "the filter was built to crash" in text
    assert "now: nothing of it runs" in text
    assert len(lines) < 20


def test_the_corrected_release_goes_through_and_leaves_nothing_pending(life: Life) -> None:
    assert life.build() == "good"
    preview = life.stack.run("preview", "--expect-no-changes")
    assert preview.code == 0, preview.output
