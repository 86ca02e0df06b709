"""The order of a wave and what becomes of each site, whatever it is interrupted by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from steps.scripts import wave_plan
from steps.scripts.wave_plan import Found, Site, Wave, begin, turn, work

if TYPE_CHECKING:
    from steps.scripts.wave_plan import Status, Work

OPEN = Found(closed=False)
NAMES = [f"s{number}" for number in range(7)]


def wave(**statuses: Status) -> Wave:
    return Wave(release="r2", sites={name: Site(status=one) for name, one in statuses.items()})


def order(given: Wave, canary: str | None, batch: int) -> list[list[str]]:
    """The sites of each turn, when all goes well."""
    turns = []
    while names := turn(given, canary, batch):
        turns.append(list(names))
        for name in names:
            given = given.put(name, Site(status="updated"))
    return turns


def test_the_canary_goes_alone_and_then_the_others_in_batches() -> None:
    given = begin("r2", dict.fromkeys(NAMES, OPEN), None)
    assert order(given, "s4", 3) == [["s4"], ["s0", "s1", "s2"], ["s3", "s5", "s6"]]
    assert order(given, None, 5) == [NAMES[:5], NAMES[5:]]
    assert order(given, "gone", 9) == [NAMES]


def test_what_a_killed_run_left_in_the_middle_goes_first() -> None:
    given = wave(a="updated", b="held", c="migrating", d="restoring", e="quarantined")
    assert list(turn(given, "a", 2)) == ["c", "d"]


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        ("held", "whole"),
        ("copying", "whole"),
        ("migrating", "again"),
        ("restoring", "restore"),
        ("updated", "nothing"),
        ("quarantined", "nothing"),
    ],
)
def test_what_is_missing_at_a_site(status: Status, missing: Work) -> None:
    assert work(Site(status=status)) == missing


def test_the_same_release_goes_on_and_takes_in_what_has_come() -> None:
    earlier = wave(a="updated", b="migrating")
    given = begin("r2", {"a": OPEN, "b": Found(closed=True), "c": OPEN}, earlier)
    assert {name: one.status for name, one in given.sites.items()} == {
        "a": "updated",
        "b": "migrating",
        "c": "held",
    }


def test_another_release_restores_what_the_killed_one_left_half_migrated() -> None:
    half = Site(status="migrating", copy="of-before", closed=True)
    earlier = Wave(release="r1", sites={"a": half, "b": Site(status="copying", closed=False)})
    given = begin("r2", {"a": Found(closed=True), "b": Found(closed=True)}, earlier)
    assert work(given.sites["a"]) == "again"
    assert (given.sites["a"].copy, given.sites["a"].closed) == ("of-before", True)
    # The wave closed it, not its owner.
    assert given.sites["b"] == Site(status="held", closed=False)


@pytest.mark.parametrize("closed", [True, False])
def test_a_site_in_quarantine_is_tried_again_and_keeps_its_owners_wish(*, closed: bool) -> None:
    noted = {"release": "r1", "reason": "why", "closed": closed}
    given = begin("r3", {"a": Found(closed=True, quarantine=noted)}, wave(a="quarantined"))
    assert given.sites["a"] == Site(status="held", closed=closed, noted=noted)
    failed = given.put("a", Site(status="restoring", copy="c", closed=closed, noted=noted))
    assert wave_plan.put_back(failed.sites["a"]) == Site(closed=closed, noted=noted)


def test_a_halted_wave_leaves_no_site_between() -> None:
    given = wave_plan.halted(wave(a="updated", b="quarantined", c="held", d="held"))
    assert not turn(given, None, 9)
    assert "not tried" in given.sites["c"].reason
    assert "b had failed" in given.sites["d"].reason
    assert given.sites["a"].status == "updated"


def test_the_image_goes_back_only_while_nobody_has_worked_on_the_new_one() -> None:
    assert wave_plan.goes_back(wave(a="quarantined", b="held"))
    assert not wave_plan.goes_back(wave(a="updated", b="quarantined"))


def test_a_wave_survives_being_written_down() -> None:
    given = begin("r2", {"a": Found(closed=True, quarantine={"closed": True})}, None)
    given = given.put("b", Site(status="restoring", copy="c", reason="é"))
    assert wave_plan.load(json.loads(json.dumps(wave_plan.dump(given)))) == given
