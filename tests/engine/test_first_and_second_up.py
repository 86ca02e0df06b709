"""The main job: from nothing to a system that answers, and then nothing more to do."""

import pytest

from tests.engine.stack import Stack

pytestmark = pytest.mark.engine


def test_every_name_answers_through_the_edge(estate: Stack) -> None:
    for name, url in estate.output("urls").items():
        domain = url.split("/")[2].partition(":")[0]
        path = "/" + "/".join(url.split("/")[3:])
        assert estate.get(domain, path).status_code == 200, name


def test_a_second_up_changes_nothing(estate: Stack) -> None:
    before = estate.tasks()
    assert len(before) >= 6
    assert all(before.values())
    done = estate.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert estate.tasks() == before


def test_no_preview_and_no_drift_check_shows_a_change(estate: Stack) -> None:
    previewed = estate.run("preview", "--expect-no-changes")
    assert previewed.code == 0, previewed.output
    assert estate.drift() == ()
