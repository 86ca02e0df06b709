"""A release over twelve sites of a real database: one fails, a kill in the middle, a bad canary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.erp.ground import ADMIN_PASSWORD, LIMIT_S, ROOT_PASSWORD, Ground, bench

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANTS = [f"t{number:02}" for number in range(12)]
SITES = [f"{name}.localhost" for name in TENANTS]
BAD, SUSPENDED = SITES[7], SITES[11]
ROWS = 5
WANTED: dict[str, dict[str, Any]] = {
    name: {
        "apps": ["erpnext"],
        "state": "suspended" if f"{name}.localhost" == SUSPENDED else "active",
        "config": {"host_name": f"http://{name}.localhost", "limits": {"users": 3}},
    }
    for name in TENANTS
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Twelve sites with rows; the one that is to fail is marked, and another is suspended."""
    with bench() as made:
        made.bring(WANTED)
        for name, site in databases(made).items():
            mark = "fault" if name == BAD else "kept"
            values = ", ".join(f"(UUID(), '{mark}')" for _ in range(ROWS))
            made.sql(f"INSERT INTO `{site}`.tabToDo (name, description) VALUES {values}")  # noqa: S608
        made.start_backend(made.image(), "r1")
        yield made


def databases(ground: Ground) -> dict[str, str]:
    return {site: one["db_name"] for site, one in ground.configs().items()}


def state(ground: Ground) -> dict[str, dict[str, Any]]:
    """Everything that a wave decides of each site."""
    configs, found = ground.configs(), {}
    for site, database in databases(ground).items():
        rows = ground.sql(f"SELECT COUNT(*) FROM `{database}`.tabToDo")  # noqa: S608
        columns = [row[0] for row in ground.sql(f"SHOW COLUMNS FROM `{database}`.tabToDo")]
        found[site] = {
            "rows": rows[0][0],
            "moved": "priority" in columns,
            "closed": bool(configs[site].get("maintenance_mode")),
            "quarantined": "estate_quarantine" in configs[site],
        }
    return found


def unpatch(ground: Ground, site: str) -> None:
    """Takes the newest patch back at a site."""
    ground.sql(
        f"USE `{databases(ground)[site]}`; ALTER TABLE tabToDo DROP COLUMN IF EXISTS priority; "  # noqa: S608
        "DELETE FROM `tabPatch Log` WHERE patch LIKE '%todo_priority'"
    )


def as_before(ground: Ground) -> None:
    """Takes a whole wave back."""
    for site in SITES:
        unpatch(ground, site)
    word = "set-config estate_quarantine None && bench --site {BAD} set-maintenance-mode off"
    ground.shell(f"bench --site {BAD} {word.format(BAD=BAD)}; rm -f .estate/wave.json")


def check_one_failed(found: dict[str, dict[str, Any]]) -> None:
    for site, one in found.items():
        assert one == {
            "rows": str(ROWS),
            "moved": site != BAD,
            "closed": site in {BAD, SUSPENDED},
            "quarantined": site == BAD,
        }, site


def test_sites_are_as_declared_and_a_second_time_changes_nothing(ground: Ground) -> None:
    listed = "cat */site_config.json | sha256sum; ls -l --time-style=full-iso */site_config.json"
    before = ground.shell(listed)
    answer = ground.bring(WANTED)
    assert sorted(answer["entries"]) == TENANTS
    assert answer["entries"]["t11"]["maintenance"]
    assert not answer["entries"]["t00"]["maintenance"]
    assert ground.shell(listed) == before
    assert ROOT_PASSWORD not in ground.shell("cat common_site_config.json")


def test_one_of_twelve_fails_and_the_others_are_updated_also_after_a_kill(ground: Ground) -> None:
    image = ground.image("marked-site")
    code, said = ground.ended(ground.release("r2", image))
    check_one_failed(state(ground))
    report = said[said.index("FAILED:") :].splitlines()
    assert code == 1
    assert len(report) < 20
    assert "r2 serves, but 1 site is in quarantine" in report[0]
    assert any(BAD in line and "restored" in line for line in report)
    assert any("todo_priority failed" in line or "tabNowhere" in line for line in report)
    assert ground.serving() == image
    assert ROOT_PASSWORD not in said
    assert ADMIN_PASSWORD not in said
    # Said once: the same release again has nothing to do and nothing to complain of.
    assert ground.ended(ground.release("r2", image))[0] == 0
    unbroken = state(ground)

    as_before(ground)
    killed = ground.release("r2-killed", image)
    wait_for_updated(ground, 6)
    killed.kill()
    ground.kill_jobs()
    assert ground.ended(killed)[0] != 0
    code, said = ground.ended(ground.release("r2-killed", image))
    assert code == 1
    assert "1 site is in quarantine" in said
    assert state(ground) == unbroken


def test_a_canary_that_fails_takes_the_release_back_and_touches_no_other(ground: Ground) -> None:
    serving, before = ground.serving(), state(ground)
    unpatch(ground, SITES[0])
    code, said = ground.ended(ground.release("r3", ground.image("bad-migration")))
    assert code == 1
    assert "r3 failed at wave: recovered" in said
    assert f"the canary {SITES[0]} could not be migrated" in said
    after = state(ground)
    assert ground.serving() == serving
    assert after[SITES[0]] == {**before[SITES[0]], "moved": False}
    assert {**after, SITES[0]: before[SITES[0]]} == before


def test_the_next_release_takes_the_site_out_of_quarantine(ground: Ground) -> None:
    image = ground.image("new-column")
    code, said = ground.ended(ground.release("r4", image))
    assert code == 0, said
    for site, one in state(ground).items():
        closed = site == SUSPENDED
        assert one == {"rows": str(ROWS), "moved": True, "closed": closed, "quarantined": False}
    copies = ground.steps.python(
        "import glob, json\n"
        f"found = sorted(glob.glob('/v0/waves/{BAD}/*/manifest.json'))\n"
        "print(len(found), sorted(json.load(open(found[-1]))['files']))",
        f"{ground.name}-copies",
    )
    assert copies.split(" ", 1)[1].strip() == "['config', 'database', 'private', 'public']"


@pytest.mark.long
def test_a_wave_that_is_to_stop_keeps_the_others_apart_until_the_next_release(
    ground: Ground,
) -> None:
    as_before(ground)
    image = ground.image("marked-site")
    code, said = ground.ended(ground.release("r5", image, on_failure="stop"))
    assert code == 1
    # The canary alone, a batch of four, and the batch of the site that failed.
    begun, waiting = SITES[:9], SITES[9:]
    report = said[said.index("FAILED:") :].splitlines()
    assert f"r5 serves, but {1 + len(waiting)} sites are in quarantine" in report[0]
    assert any(f"stopped after {BAD} had failed" in line for line in report)
    assert len(report) < 20
    for site, one in state(ground).items():
        apart = site == BAD or site in waiting
        expected = {"moved": site in begun and site != BAD, "closed": apart, "quarantined": apart}
        assert one == {"rows": str(ROWS), **expected}, site

    code, said = ground.ended(ground.release("r6", ground.image("new-column")))
    assert code == 0, said
    for site, one in state(ground).items():
        closed = site == SUSPENDED
        assert one == {"rows": str(ROWS), "moved": True, "closed": closed, "quarantined": False}


def wait_for_updated(ground: Ground, count: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while True:
        sites = ground.progress().get("sites", {}).values()
        if sum(one["status"] == "updated" for one in sites) >= count:
            return
        assert time.monotonic() < deadline
        time.sleep(0.2)
