"""How old copies, their runs and drills may be before the health check alerts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import settings
from ops.copies_health import Copies, Wanted, findings, wanted
from ops.finding import Level
from ops.kept import kept
from ops.plans import Deployed
from steps.release.plan import Plan
from tests.unit.deployed import plan_json
from tests.unit.stack_files import CRM, changed, raw

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WANT = Wanted(
    volume="crm_backups",
    apps=["crm"],
    sources=["database"],
    by_clock=True,
    offsite=True,
    max_age=timedelta(hours=30),
    drill_age=timedelta(days=100),
)


def ago(**given: float) -> str:
    return (NOW - timedelta(**given)).strftime("%Y-%m-%dT%H:%M:%SZ")


def run(*, ok: bool = True, why: str = "") -> dict[str, Any]:
    last = {"ended": ago(hours=9), "ok": ok, "seconds": 12.4, "bytes": 99, "why": why}
    return {"last": last, "success": last if ok else None}


WELL = Copies(
    now=NOW,
    born=NOW - timedelta(days=300),
    newest={"database": ago(hours=9), "uploads": ago(days=90)},
    runs={"copies": run(), "offsite": run()},
    offsite={"newest": ago(hours=9)},
    drills=[{"app": "crm", "at": ago(days=40), "ok": True}],
)
YOUNG = replace(WELL, born=NOW - timedelta(hours=1))
BAD_DRILL = {"app": "crm", "at": ago(days=1), "ok": False}


def levels(found: Copies, want: Wanted = WANT) -> dict[str, Level]:
    return {
        one.sign.partition(",")[0]: one.level
        for one in findings(want, found)
        if one.level is not Level.OK
    }


def test_a_good_day_raises_nothing() -> None:
    assert levels(WELL) == {}
    assert [one.sign for one in findings(WANT, WELL)] == [
        "newest proven copy, crm_backups",
        "last run by the clock, crm_backups",
        "newest copy off the machine, crm_backups",
        "last good drill, crm",
    ]
    run_told = next(one.found for one in findings(WANT, WELL) if "by the clock" in one.sign)
    assert run_told == "99 bytes in 12 s, 9 h ago"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"newest": {"database": ago(hours=31)}}, {"newest proven copy": Level.ALERT}),
        ({"newest": {"uploads": ago(hours=1)}}, {"newest proven copy": Level.ALERT}),
        ({"newest": {}}, {"newest proven copy": Level.ALERT}),
        ({"runs": {}}, {}),
        (
            {"runs": {"copies": run(ok=False, why="disk full")}},
            {"last run by the clock": Level.ALERT},
        ),
        (
            {"runs": {"copies": run(), "offsite": run(ok=False, why="bucket")}},
            {"last run by the clock": Level.ALERT},
        ),
        ({"offsite": {"newest": ago(hours=31)}}, {"newest copy off the machine": Level.ALERT}),
        ({"offsite": {"repository": "1f"}}, {"newest copy off the machine": Level.ALERT}),
        ({"drills": []}, {"last good drill": Level.ALERT}),
        ({"drills": [BAD_DRILL]}, {"last good drill": Level.ALERT}),
        (
            {"drills": [{"app": "crm", "at": ago(days=101), "ok": True}, BAD_DRILL]},
            {"last good drill": Level.ALERT},
        ),
        (
            {"drills": [{"app": "sistema", "at": ago(days=1), "ok": True}]},
            {"last good drill": Level.ALERT},
        ),
    ],
)
def test_what_is_too_old_or_failed_alerts(
    change: dict[str, Any], expected: dict[str, Level]
) -> None:
    assert levels(replace(WELL, **change)) == expected


def test_what_a_young_volume_lacks_is_watched_and_does_not_alert() -> None:
    bare = replace(YOUNG, newest={}, offsite={}, drills=[], runs={})
    assert levels(bare) == {
        "newest proven copy": Level.WATCH,
        "newest copy off the machine": Level.WATCH,
        "last good drill": Level.WATCH,
    }


def test_without_a_clock_an_old_copy_is_watched() -> None:
    want = replace(WANT, by_clock=False, offsite=False)
    found = replace(WELL, newest={"database": ago(days=40)}, runs={}, offsite={})
    assert levels(found, want) == {"newest proven copy": Level.WATCH}


def test_what_is_wanted_comes_from_what_was_released() -> None:
    of = Deployed(plan=Plan.model_validate_json(plan_json()), secrets={})
    there = kept({"crm": of}, "tools")
    crm = settings.load(raw(changed(CRM)), "test").crm
    assert crm
    found = wanted(there, "crm_backups", crm, settings.Copies(), offsite=False)
    assert found == replace(WANT, offsite=False)
    assert wanted(there, "other", crm, settings.Copies(), offsite=True).apps == []
