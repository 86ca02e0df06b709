"""Sites of a bench as they are declared: made once, finished after a kill, never taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from provider.erp import SiteMap
from steps.erp.inputs import Site
from steps.scripts.bench_main import answer
from steps.scripts.bench_sites import apply, is_whole, read, seen
from steps.scripts.bench_tool import BenchError, write_json
from tests.unit.bench_in_memory import ROOT, MemoryBench

if TYPE_CHECKING:
    from pathlib import Path

ADMIN = "adm1n-canary"
SITE = "acme.localhost"


@pytest.fixture
def bench(tmp_path: Path) -> MemoryBench:
    return MemoryBench(tmp_path)


def wanted(**other: object) -> dict[str, dict[str, Any]]:
    given = {"site": SITE, "apps": ["erpnext"], "config": {"host_name": "http://acme"}}
    site = Site.model_validate({**given, **other}, strict=False)
    return {"acme": {**site.model_dump(mode="json"), "admin_password": ADMIN}}


def shown(**other: object) -> dict[str, Any]:
    return {k: v for k, v in wanted(**other)["acme"].items() if k != "admin_password"}


def test_a_site_is_made_with_its_passwords_and_neither_stays(bench: MemoryBench) -> None:
    result = apply(bench, wanted())
    assert result == {"entries": {"acme": shown()}, "quarantined": {}, "others": [], "errors": {}}
    made = bench.seen[bench.done.index("new-site --mariadb-user-host-login-scope=%")]
    assert (made["root_password"], made["admin_password"]) == (ROOT, ADMIN)
    assert bench.common() == {"db_host": "db"}
    assert ADMIN not in str(result)
    assert not list((bench.sites / ".estate/creating").iterdir())


def test_what_is_as_declared_is_not_touched(bench: MemoryBench) -> None:
    apply(bench, wanted())
    bench.done.clear()
    assert not apply(bench, wanted())["errors"]
    assert bench.done == []


@pytest.mark.parametrize(
    ("config", "live", "differs"),
    [
        ({"maintenance_mode": 1}, {}, "maintenance"),
        ({}, {"scheduler": False}, "scheduler"),
        ({}, {"apps": ["frappe"]}, "apps"),
        ({"host_name": "http://other"}, {}, "config"),
    ],
)
def test_a_change_by_hand_shows_by_name(
    config: dict[str, Any], live: dict[str, Any], differs: str
) -> None:
    found = seen(
        shown(),
        {"host_name": "http://acme", **config},
        {"apps": ["frappe", "erpnext", "other"], "scheduler": True, **live},
    )
    assert found is not None
    assert [key for key, value in shown().items() if found[key] != value] == [differs]


def test_a_site_in_quarantine_is_no_drift_and_stays_closed(bench: MemoryBench) -> None:
    apply(bench, wanted())
    noted = {"maintenance_mode": 1, "estate_quarantine": {"reason": "why"}}
    bench.set_config(SITE, noted)
    found = read(bench, wanted())
    assert found == {"entries": {"acme": shown()}, "quarantined": {"acme": "why"}, "others": []}
    changed = wanted(config={"host_name": "http://new"})
    assert not apply(bench, changed)["errors"]
    assert bench.config(SITE)["host_name"] == "http://new"
    assert bench.config(SITE)["maintenance_mode"] == 1


def test_a_site_that_nobody_declared_is_named_and_an_archived_one_is_not(
    bench: MemoryBench,
) -> None:
    apply(bench, wanted())
    bench.set_config("b.localhost", {"db_name": "b"})
    write_json(bench.sites / ".archived/old.localhost/site_config.json", {"db_name": "x"})
    assert read(bench, wanted())["others"] == ["b.localhost"]


def test_a_new_app_is_installed_at_a_site_that_exists(bench: MemoryBench) -> None:
    apply(bench, wanted())
    both = wanted(apps=["erpnext", "nfse_pr"])
    assert apply(bench, both)["entries"]["acme"]["apps"] == ["erpnext", "nfse_pr"]
    assert bench.rows(SITE)["tabToDo"] == ["a", "b"]


def test_one_that_fails_does_not_keep_the_others(bench: MemoryBench) -> None:
    other = Site.model_validate({"site": "b.localhost"}, strict=False)
    both = {
        **wanted(apps=["nowhere"]),
        "b": {**other.model_dump(mode="json"), "admin_password": "x"},
    }
    bench.add(SITE)
    result = apply(bench, both)
    assert "nowhere" in result["errors"]["acme"]
    assert "b" in result["entries"]


def test_a_killed_creation_is_finished(bench: MemoryBench) -> None:
    write_json(bench.sites / f".estate/creating/{SITE}.json", {})
    (bench.sites / SITE).mkdir()
    assert not apply(bench, wanted())["errors"]
    assert "new-site --mariadb-user-host-login-scope=%" in bench.done


def test_a_folder_that_we_did_not_begin_is_never_replaced(bench: MemoryBench) -> None:
    (bench.sites / SITE).mkdir()
    result = apply(bench, wanted())
    assert "nothing was changed" in result["errors"]["acme"]
    assert not any("new-site" in one for one in bench.done)


def test_passwords_that_a_kill_left_behind_go_with_the_next_run(bench: MemoryBench) -> None:
    write_json(bench.sites / "common_site_config.json", {"db_host": "db", "root_password": ROOT})
    apply(bench, {})
    assert bench.common() == {"db_host": "db"}


def test_an_archived_site_keeps_its_data_in_the_archive(bench: MemoryBench) -> None:
    apply(bench, wanted())
    result = apply(bench, wanted(state="archived"))
    assert result["entries"]["acme"]["state"] == "archived"
    assert not (bench.sites / SITE).exists()
    assert is_whole(bench.sites / f".archived/{SITE}/private/backups/1-s-database.sql.gz")


def test_a_site_whose_copy_is_not_whole_is_not_archived(
    bench: MemoryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(bench, wanted())

    def half(words: list[str]) -> None:
        folder = bench.sites / words[0] / "private/backups"
        folder.mkdir(parents=True)
        (folder / "1-s-database.sql.gz").write_bytes(b"half")

    monkeypatch.setattr(bench, "_backup", half)
    assert "was not archived" in apply(bench, wanted(state="archived"))["errors"]["acme"]
    assert (bench.sites / SITE).exists()


def test_a_failure_has_no_password_in_it(
    bench: MemoryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_argv: object, **_limits: object) -> str:
        raise BenchError(f"said {ROOT} and {ADMIN}")

    monkeypatch.setattr(bench, "run", fail)
    errors = str(apply(bench, wanted())["errors"])
    assert "said *** and ***" in errors
    monkeypatch.setattr(bench, "query", fail)
    write_json(bench.sites / SITE / "site_config.json", {"db_name": "x"})
    assert answer({"action": "read", "wanted": wanted()}, bench) == {"failed": "said *** and ***"}


def test_what_follows_from_the_state_and_whole_numbers() -> None:
    site = Site.model_validate({"site": SITE, "state": "suspended", "config": {"n": 3.0}})
    assert (site.maintenance, site.scheduler, site.config["n"]) == (True, False, 3)
    assert isinstance(site.config["n"], int)


def test_only_a_site_that_is_not_served_may_leave_the_map() -> None:
    old = {"acme": {"site": SITE, "state": "active"}, "b": {"site": "b", "state": "suspended"}}
    ((path, why),) = SiteMap().refusals(old, {})
    assert path == 'sites["acme"]'
    assert "state: archived" in why
