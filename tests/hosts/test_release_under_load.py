"""An online release under constant load, on the real edge and a real Swarm."""

from collections.abc import Iterator

import pytest

from bench.release import released
from bench.rig import Rig, rig

pytestmark = pytest.mark.engine

NAME, PORT = "loaded", 8387
RATE = ("--rate", "100")
LEAST = 2000
"""Requests, so that the switch lies well inside of the load."""


@pytest.fixture(scope="module")
def served() -> Iterator[Rig]:
    with rig(NAME, PORT) as made:
        yield made


def test_an_online_release_loses_no_request_even_of_an_application_that_ends_at_once(
    served: Rig,
) -> None:
    served.serve(served.spec("old", end="abrupt"))
    report = released(served, served.spec("new", end="abrupt"), *RATE)
    assert report.found["losses"] == []
    assert report.found["sent"] > LEAST
    answered = report.found["releases"]
    assert set(answered) == {"old", "new"}
    # Everybody was on the old release, and everybody is on the new one.
    assert answered["old"][0] < answered["new"][0]
    assert answered["old"][1] < answered["new"][1]
