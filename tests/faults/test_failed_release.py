"""Releases that fail with a plain `pulumi up`: the old one serves, and the reason is said."""

import pytest

from tests.faults.life import FIRST, NAME, Life

pytestmark = pytest.mark.engine

FAILED = ["no image", "crash", "unhealthy", "bad migration"]


def said(output: str, first: str, last: str) -> list[str]:
    """Our lines in what the engine said at the end, from one that holds a text to another."""
    lines = output.partition("\nDiagnostics:\n")[2].splitlines()
    start = next((number for number, line in enumerate(lines) if first in line), None)
    assert start is not None, output
    end = next(number for number, line in enumerate(lines) if number > start and last in line)
    return lines[start : end + 1]


@pytest.mark.parametrize("what", FAILED)
def test_the_old_release_serves_after_a_failed_one(life: Life, what: str) -> None:
    tried = life.releases[what]
    assert tried.up.code not in {0, None}
    assert tried.build == "demo"
    assert len(tried.web) == 1


@pytest.mark.parametrize("what", FAILED)
def test_the_next_preview_shows_the_failed_release_as_pending(life: Life, what: str) -> None:
    preview = life.releases[what].preview
    assert preview.code == 7
    assert f"{NAME}_web" in preview.output


@pytest.mark.parametrize("what", ["no image", "bad migration"])
def test_a_release_that_fails_before_the_switch_touches_nothing_that_serves(
    life: Life, what: str
) -> None:
    before = {"no image": None, "bad migration": "unhealthy"}[what]
    if before is not None:
        assert life.releases[what].web == life.releases[before].web
    assert "docker:index:Service" not in life.releases[what].up.output


def test_an_image_that_crashes_is_explained_by_its_error_and_its_log(life: Life) -> None:
    lines = said(life.releases["crash"].up.output, f"{NAME}_web could not be updated", "next:")
    text = "\n".join(lines)
    assert "task error: task: non-zero exit (1)" in text
    assert "release f1 was built to crash" in text
    assert "Swarm went back" in text
    assert len(lines) < 20


def test_an_image_that_is_unhealthy_is_explained_by_its_health_and_its_log(life: Life) -> None:
    lines = said(life.releases["unhealthy"].up.output, f"{NAME}_web could not be updated", "next:")
    text = "\n".join(lines)
    assert "its health check never passed" in text
    assert "build f2, port 3000" in text
    assert len(lines) < 20


def test_a_migration_that_fails_is_explained_by_the_database(life: Life) -> None:
    lines = said(life.releases["bad migration"].up.output, "FAILED: prisma migrate deploy", "do:")
    text = "\n".join(lines)
    assert "P3018: migration 20260101000000_broken failed to apply" in text
    assert "no such table: nowhere" in text
    assert len(lines) < 20


def test_an_image_that_no_registry_has_is_named(life: Life) -> None:
    lines = said(life.releases["no image"].up.output, "FAILED: prisma migrate deploy", "do:")
    assert "No such image: 127.0.0.1:5000/estate/tickets@sha256:eeee" in lines[0]
    assert "Check the image's digest" in lines[-1]
    assert len(lines) < 20


def test_a_first_up_that_fails_is_explained_too(life: Life) -> None:
    assert life.first.code not in {0, None}
    lines = said(life.first.output, f"{FIRST}_edge_docker could not be created", "next:")
    text = "\n".join(lines)
    assert "task error: task: non-zero exit (1)" in text
    assert "release f5 was built to crash" in text
    assert "now: nothing of it runs" in text
    assert len(lines) < 20


def test_the_corrected_release_goes_through_and_leaves_nothing_pending(life: Life) -> None:
    assert life.build() == "f4"
    preview = life.stack.run("preview", "--expect-no-changes")
    assert preview.code == 0, preview.output
