"""Copies off the machine, drills, and the restore of one site, as a person asks for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import settings
from ops import drill, drill_report, offsite, site_copy, site_restore
from ops.__main__ import main
from ops.errors import OpsError
from ops.kept import Kept, kept
from ops.plans import Deployed
from steps import backups
from steps.backups import Copy, Proven, Pushed
from steps.backups import offsite as store
from steps.backups.offsite import Loaded
from steps.errors import StepError
from steps.release.plan import Plan
from steps.scripts.site_asked import answer
from tests.unit.deployed import plan_json
from tests.unit.stack_files import CRM, ERP, IMAGE, STRONG, changed, raw

STORE = {
    "offsite": {"endpoint": "https://s3.example.com", "bucket": "team", "path": "estate/prod"},
    "offsiteSecrets": {"ACCESS_KEY": "k", "SECRET_KEY": "s", "RESTIC_PASSWORD": STRONG[::-1]},
}
PUSHED = Pushed(
    repository="1f" * 32, snapshot="2e3d4c5b", created="2026-11-29T03:18:00Z", copies=4,
    newest="2026-11-29T03:17:00Z", bytes=99, added=9, seconds=4.5,
)  # fmt: skip
PROVEN = Proven(
    source="database", kind="postgres", file="d1.dump", created="2026-11-29T03:17:00Z",
    tables={"users": 3}, bytes=9, compared="schema, rows and content of 1 tables", seconds=2.0,
)  # fmt: skip


def estate(**changes: object) -> settings.Estate:
    return settings.load(raw(changed({**CRM, **STORE, **changes})), "test")


def wave_json() -> str:
    """Return the plan of a bench that was released."""
    plan = json.loads(plan_json(app="erp", backup=False))
    wave = {
        "kind": "wave",
        "name": "wave",
        "bench": {"name": "erp_wave", "image": IMAGE, "mounts": [], "network": "erp_internal"},
        "root_password_secret": "erp_mariadb_root_0123456789ab",
        "copies": "erp_backups",
        "keep": 4,
        "batch": 5,
        "on_failure": "continue",
        "services": [],
        "site_limit_s": 900.0,
        "timeout_s": 9000.0,
    }
    plan["phases"] = [wave, *plan["phases"]]
    return json.dumps(plan)


def released(text: str) -> Deployed:
    return Deployed(plan=Plan.model_validate_json(text), secrets={})


CRM_KEPT = kept({"crm": released(plan_json())}, "tools")["crm"]
ERP_KEPT = kept({"erp": released(wave_json())}, "tools")["erp"]


@contextmanager
def reached(_self: Kept, secrets: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    yield "swarm", secrets


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have no operation here reach an engine, a Swarm or this checkout."""
    for module in (offsite, drill, site_restore, site_copy):
        monkeypatch.setattr(module, "made", lambda stack: stack)
        monkeypatch.setattr(module, "estate_of", lambda _engine: estate())
        monkeypatch.setattr(module, "all_kept", lambda *_: {"crm": CRM_KEPT}, raising=False)
    monkeypatch.setattr(Kept, "reached", reached)
    monkeypatch.setattr(drill_report, "PRIVATE", tmp_path)


def test_what_has_copies_is_what_its_release_copies_or_its_sites() -> None:
    nothing = released(plan_json(backup=False))
    found = kept(
        {"crm": released(plan_json()), "other": nothing, "erp": released(wave_json())}, "t"
    )
    assert {app: one.bench is not None for app, one in found.items()} == {
        "crm": False,
        "erp": True,
    }
    erp = found["erp"]
    assert (erp.owner, erp.plan.keep, erp.plan.job.image) == ("erp", 4, "t")
    assert erp.bench
    assert (erp.bench.job.name, erp.bench.volume) == ("erp_site", "erp_backups")


def test_everything_goes_off_the_machine_and_is_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Any] = []

    def push(*given: object, adopt: bool) -> Pushed:
        seen.append((given, adopt))
        return PUSHED

    monkeypatch.setattr(store, "push", push)
    there = (("2e3d4c5b" + "0" * 56, "2026-11-29T03:18:00.123Z"),)
    monkeypatch.setattr(store, "snapshots", lambda *_: there)
    assert main(["offsite", "prod", "--force"]) == 0
    ((_swarm, plan, place, context), adopt) = seen[0]
    assert (plan.volume, adopt) == ("crm_backups", True)
    assert place.repository == "s3:https://s3.example.com/team/estate/prod/crm"
    assert context["offsite"] == {"access_key": "k", "secret_key": "s", "password": STRONG[::-1]}
    assert "crm_backups  2e3d4c5b  2026-11-29T03:18:00Z" in capsys.readouterr().out
    assert main(["offsite", "prod", "--list"]) == 0
    assert len(seen) == 1


def test_without_a_store_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = settings.load(raw(changed(CRM)), "test")
    monkeypatch.setattr(offsite, "estate_of", lambda _engine: bare)
    assert main(["offsite", "prod"]) == 1
    assert "set estate:offsite and estate:offsiteSecrets" in capsys.readouterr().err


def test_a_snapshot_is_loaded_and_the_next_step_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, object] = {}

    def load(*_given: object, **how: object) -> Loaded:
        seen.update(how)
        return Loaded(snapshot="2e3d" * 16, aside="before-load-x", copies=4, seconds=9)

    monkeypatch.setattr(store, "load", load)
    assert main(["backups", "prod", "--app", "crm", "--load", "s3", "--from", "2e3d"]) == 0
    assert seen == {"snapshot": "2e3d", "force": False}
    said = capsys.readouterr().out
    assert "what was there is in before-load-x of crm_backups" in said
    assert "make restore STACK=prod APP=crm FROM=latest" in said


def drilled(monkeypatch: pytest.MonkeyPatch, outcome: object) -> tuple[list[Any], list[Any]]:
    """Have a drill find an outcome; return what it has loaded and noted."""
    loaded: list[Any] = []
    noted: list[Any] = []

    def prove(*_: object) -> tuple[Proven, ...]:
        if isinstance(outcome, StepError):
            raise outcome
        return (PROVEN,)

    @contextmanager
    def scratch(at: Any, *_: object) -> Iterator[Any]:  # noqa: ANN401 - what the drill gives
        yield at.plan.model_copy(update={"volume": "crm_backups_drill"})

    known = Copy(source="database", kind="postgres", file="d1.dump")
    monkeypatch.setattr(drill, "scratch", scratch)
    monkeypatch.setattr(store, "load", lambda *given: loaded.append(given[1].volume))
    monkeypatch.setattr(backups, "catalog", lambda *_: (known,))
    monkeypatch.setattr(backups, "prove", prove)
    monkeypatch.setattr(drill, "note", lambda *given: noted.append(given[3]))
    return loaded, noted


def test_a_drill_loads_from_off_the_machine_and_leaves_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    loaded, noted = drilled(monkeypatch, None)
    assert main(["drill", "prod"]) == 0
    assert loaded == ["crm_backups_drill"]
    assert (noted[0]["app"], noted[0]["ok"]) == ("crm", True)
    assert noted[0]["copies"] == ["database/d1.dump"]
    (file,) = (tmp_path / "drills").iterdir()
    report = json.loads(file.read_text())
    assert report["from"] == "s3:https://s3.example.com/team/estate/prod/crm"
    assert report["copies"][0]["rows"] == 3
    assert "came back whole" in capsys.readouterr().out


def test_a_drill_that_fails_is_noted_and_ends_with_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = StepError("It did not come back.", why="3 rows, copy 2", state="", todo="")
    _, noted = drilled(monkeypatch, error)
    assert main(["drill", "prod", "--app", "crm"]) == drill.FAILED
    assert (noted[0]["ok"], noted[0]["why"]) == (False, "It did not come back. 3 rows, copy 2")
    assert "FAILED: It did not come back." in capsys.readouterr().out


def test_a_drill_without_anything_to_bring_back_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, noted = drilled(monkeypatch, None)
    monkeypatch.setattr(backups, "catalog", lambda *_: ())
    assert main(["drill", "prod"]) == drill.FAILED
    assert "holds no proven copy" in noted[0]["why"]


def test_a_drill_needs_something_that_makes_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "all_kept", lambda *_: {})
    with pytest.raises(OpsError, match="no release that makes backups"):
        drill.drill("prod", "crm")


SITE = Copy(
    source="acme.example.com", kind="site", file="1.site", created="2026-11-29T03:17:00Z",
    tables={"tabUser": 4},
)  # fmt: skip


def test_a_site_is_picked_by_name_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = SITE.model_copy(update={"file": "2.site"})
    other = SITE.model_copy(update={"source": "globex.example.com", "file": "3.site"})
    monkeypatch.setattr(backups, "catalog", lambda *_: (SITE, newer, other))
    assert site_restore.picked(ERP_KEPT, SITE.source, "latest") == newer
    assert site_restore.picked(ERP_KEPT, SITE.source, "1.site") == SITE
    with pytest.raises(OpsError, match=r"no proven copy 3\.site .* the newest is 2\.site"):
        site_restore.picked(ERP_KEPT, SITE.source, "3.site")
    assert ERP_KEPT.bench
    told = site_restore.shown(SITE, "trial.example.com", ERP_KEPT.bench)
    assert "restore of site trial.example.com" in told
    assert "4 rows in 1 tables" in told


def test_a_customer_is_named_and_known(capsys: pytest.CaptureFixture[str]) -> None:
    whole = settings.load(raw(changed(ERP)), "test")
    assert site_restore.site_of(whole, "acme").startswith("acme.")
    with pytest.raises(OpsError, match="there is no customer nobody"):
        site_restore.site_of(whole, "nobody")
    assert main(["site-restore", "prod", "--tenant", "acme", "--from", "latest"]) == 1
    assert "there is no application erp" in capsys.readouterr().err


def test_the_clock_is_told_which_sites_have_no_copy() -> None:
    assert answer({"copies": [{"file": "1"}], "errors": {}})["state"] == "sites"
    failed = {f"{name}.example.com": f"a line\n{name} is broken" for name in "abcd"}
    error = answer({"copies": [{"file": "1"}], "errors": failed})["error"]
    assert error["why"].startswith("4 of 5 sites: a.example.com: a is broken;")
    assert error["why"].endswith("and 1 more")


def test_a_site_is_copied_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def copy_sites(*_given: object, **how: object) -> tuple[Any, Any]:
        asked.append(how)
        return ((SITE,), {}) if how["sites"] == [SITE.source] else ((), {"other": "no room"})

    monkeypatch.setattr(site_copy, "copy_sites", copy_sites)
    monkeypatch.setattr(site_copy, "bench_of", lambda *_: (ERP_KEPT, ERP_KEPT.bench))
    monkeypatch.setattr(backups, "catalog", lambda *_: (SITE,))
    monkeypatch.setattr(site_copy, "site_of", lambda _estate, tenant: tenant)
    assert main(["site-backup", "prod", "--tenant", SITE.source]) == 0
    assert asked[0] == {"sites": [SITE.source], "release": "by-hand", "keep": 4}
    assert "1.site proven" in capsys.readouterr().out
    assert main(["site-backup", "prod", "--tenant", "other"]) == 1
    assert "1 of 1 sites have no new copy:\nother: no room" in capsys.readouterr().err
