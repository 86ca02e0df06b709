"""Services that copy by the clock: what they mount, what they are told, what they never show."""

import base64
import json
import shlex
from typing import Any

import pytest

from tests.unit.declared import Registered, Resource, declared
from tests.unit.stack_files import CRM, ERP, STRONG

ACCESS, SECRET = "canary-access-key", "canary-secret-key"
STORE = {
    "offsite": {
        "endpoint": "https://s3.example.com",
        "bucket": "team-backups",
        "path": "estate/prod",
        "keep": {"daily": 3},
    },
    "offsiteSecrets": {"ACCESS_KEY": ACCESS, "SECRET_KEY": SECRET, "RESTIC_PASSWORD": STRONG[::-1]},
}


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared({**CRM, **STORE})


def told(one: Resource) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(one.container["args"][-1])
    return found


def file_of(estate: Registered, service: str, path: str) -> str:
    secrets = estate[f"Service:{service}"].container["secrets"]
    (name,) = [one["secretName"] for one in secrets if one["fileName"] == path]
    return base64.b64decode(estate[f"Secret:{name}"].inputs["data"]).decode()


def mounts(one: Resource) -> dict[str, tuple[str, bool]]:
    return {
        mount["source"]: (mount["target"], bool(mount["readOnly"]))
        for mount in one.container["mounts"]
    }


def test_one_service_copies_every_source_of_an_application(estate: Registered) -> None:
    one = estate["Service:sistema_copies"]
    plan = told(one)
    assert plan["schedule"] == "17 3 * * *"
    assert [(source["kind"], source["place"]) for source in plan["sources"]] == [
        ("sqlite", "/sources/web/db.sqlite"),
        ("folder", "/sources/archives"),
        ("sqlite", "/sources/convex/db.sqlite3"),
    ]
    assert plan["asked"] == []
    assert mounts(one) == {
        "sistema_sistema_db": ("/sources/web", False),
        "sistema_archives": ("/sources/archives", True),
        "sistema_convex_data": ("/sources/convex", False),
        "sistema_backups": ("/backups", False),
    }


def test_a_database_is_asked_for_and_its_own_image_answers(estate: Registered) -> None:
    assert told(estate["Service:crm_copies"])["asked"] == ["database"]
    one = estate["Service:crm_copies_database"]
    assert one.container["image"] == estate["Service:crm-postgres"].container["image"]
    assert mounts(one) == {"crm_backups": ("/backups", False)}
    assert {secret["fileName"] for secret in one.container["secrets"]} == {
        "/run/secrets/copies_answering",
        "/run/secrets/database_password",
    }
    text = file_of(estate, "crm_copies_database", "/run/secrets/copies_answering")
    given = dict(
        shlex.split(line)[1].split("=", 1)
        for line in text.splitlines()
        if line.startswith("export ")
        and line.split("=")[0] in {"export PGHOST", "export SOURCE", "export RELEASE"}
    )
    assert given == {"PGHOST": "crm-postgres", "SOURCE": "database", "RELEASE": "scheduled"}


def test_the_store_is_told_in_the_open_and_its_keys_in_a_file(estate: Registered) -> None:
    assert told(estate["Service:crm_copies"])["offsite"] == {
        "repository": "s3:https://s3.example.com/team-backups/estate/prod/crm",
        "region": None,
        "keep": {"daily": 3, "weekly": 5, "monthly": 12},
        "subset": "5%",
    }
    opened = json.loads(file_of(estate, "crm_copies", "/run/secrets/offsite"))
    assert opened == {"access_key": ACCESS, "secret_key": SECRET, "password": STRONG[::-1]}
    for service in estate.of("Service").values():
        shown = json.dumps(service.inputs)
        assert not any(secret in shown for secret in (ACCESS, SECRET, STRONG, STRONG[::-1]))


def test_the_program_is_whole_and_the_same_for_all(estate: Registered) -> None:
    texts = {
        file_of(estate, f"{app}_copies", "/run/secrets/copies_program")
        for app in ("crm", "sistema")
    }
    (text,) = texts
    compile(text, "copies", "exec")
    assert len(text) < 100_000  # a secret of the Swarm may have 500 kB; a state shall stay small


def test_the_services_wait_for_their_volumes(estate: Registered) -> None:
    for service in ("crm_copies", "crm_copies_database"):
        assert "Volume:crm_backups" in estate.before(f"Service:{service}")


@pytest.mark.parametrize("changes", [{"crm.backup.schedule": None}, {"crm.backup.enabled": False}])
def test_without_schedule_or_backups_there_is_no_such_service(changes: dict[str, object]) -> None:
    found = declared({**CRM, **changes}).of("Service")
    assert [name for name in found if name.startswith("crm_copies")] == []
    assert "sistema_copies" in found


def test_a_release_leaves_the_copies_alone() -> None:
    before, after = declared(CRM), declared({**CRM, "crm.release_sha": "2f1c9d0a7b3e"})
    for name in ("crm_copies", "crm_copies_database"):
        assert before[f"Service:{name}"].inputs == after[f"Service:{name}"].inputs


def test_the_sites_of_a_bench_are_copied_beside_them() -> None:
    bench = declared(ERP)
    assert told(bench["Service:erp_copies"])["asked"] == ["sites"]
    assert mounts(bench["Service:erp_copies"]) == {"erp_backups": ("/backups", False)}
    one = bench["Service:erp_copies_sites"]
    assert one.container["image"] == bench["Service:erp_backend"].container["image"]
    assert one.container["user"] == "root"
    assert set(mounts(one)) == {"erp_frappe-sites", "erp_frappe-logs", "erp_backups"}
    assert {secret["fileName"] for secret in one.container["secrets"]} == {
        "/run/secrets/copies_answering",
        "/run/secrets/sites_program",
        "/run/secrets/mariadb_root_password",
    }
    text = file_of(bench, "erp_copies_sites", "/run/secrets/copies_answering")
    assert "export KEEP=5" in text
    assert "exec python3 /run/secrets/sites_program" in text
    compile(file_of(bench, "erp_copies_sites", "/run/secrets/sites_program"), "sites", "exec")
