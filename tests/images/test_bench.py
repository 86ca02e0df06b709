"""The `bench` stand-in keeps the commands, files and exit codes that the estate relies on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from local.images.build.__main__ import build_images
from tests.images.bench_demo import ADMIN, ROOT, SITES, Bench, serve_bench

if TYPE_CHECKING:
    from tests.images.conftest import Place

A, B = "acme.localhost", "globex.localhost"
WEB = 8000


@pytest.fixture(scope="module")
def bench(shared: Place, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two sites; the root password comes from the configuration, as the estate gives it."""
    made = serve_bench(shared, images, tmp_path_factory.mktemp("bench"))
    code, said = made("new-site", A)
    assert (code, "root password" in said) == (1, True), said
    assert "already exists, use `--force`" in made("new-site", A)[1]
    made.shell(f"rm -r {A}")
    made.well("set-config", "-g", "root_password", ROOT)
    made.well("set-config", "-g", "admin_password", ADMIN)
    for site in (A, B):
        made.well("new-site", "--install-app", "erpnext", site)
    return made


def add_rows(bench: Bench, site: str, *texts: str) -> None:
    for text in texts:
        bench.sql(f"INSERT INTO tabToDo (name, description) VALUES (UUID(), '{text}')", site)  # noqa: S608


def rows(bench: Bench, site: str) -> str:
    return bench.sql("SELECT COUNT(*) FROM tabToDo", site)


def test_a_site_is_not_made_twice_and_keeps_its_scheduler_off(bench: Bench) -> None:
    code, said = bench("new-site", A)
    assert code == 1
    assert "already exists, use `--force` to proceed anyway" in said
    assert json.loads(bench.well("--site", "all", "list-apps", "-f", "json"))[B] == [
        "frappe",
        "erpnext",
    ]
    assert "is disabled" in bench.well("--site", B, "scheduler", "status")
    bench.well("--site", B, "scheduler", "enable")
    assert "is enabled" in bench.well("--site", B, "scheduler", "status")
    assert bench("--site", "nowhere.localhost", "list-apps")[0] == 1
    assert bench("--site", A, "no-such-command")[0] == 2
    assert bench("--site", A, "install-app", "nowhere")[0] == 1
    assert ROOT not in bench.shell(f"cat {A}/site_config.json {B}/site_config.json")


def test_a_backup_forgets_old_ones_and_brings_every_row_and_file_back(bench: Bench) -> None:
    add_rows(bench, A, "one", "two")
    bench.shell(f"echo invoice >{A}/private/files/invoice.txt")
    bench.shell(f"touch -d '25 hours ago' {A}/private/backups/old.sql.gz")
    bench.well("--site", A, "backup", "--with-files")
    made = bench.shell(f"ls {A}/private/backups").split()
    start = made[0].partition("-")[0] + "-acme_localhost"
    ends = ("database.sql.gz", "files.tar", "private-files.tar", "site_config_backup.json")
    assert made == [f"{start}-{end}" for end in ends]
    folder = f"{A}/private/backups/{start}"
    kept = json.loads(bench.shell(f"cat {folder}-site_config_backup.json"))
    assert kept["encryption_key"] == bench.config(A)["encryption_key"]
    bench.sql("DELETE FROM tabToDo", A)
    bench.shell(f"rm {A}/private/files/invoice.txt")
    files = ["--with-public-files", f"{folder}-files.tar"]
    files += ["--with-private-files", f"{folder}-private-files.tar"]
    bench.well("--site", A, "restore", f"{folder}-database.sql.gz", *files, "--force")
    assert rows(bench, A) == "2"
    assert bench.shell(f"cat {A}/private/files/invoice.txt") == "invoice"


def test_a_migration_stops_at_the_first_site_that_fails(bench: Bench) -> None:
    add_rows(bench, A, "fault", "kept")
    add_rows(bench, B, "kept")
    marked = bench.of(build_images(["erpnext"], {"DEMO_FAULT": "marked-site"})["erpnext"])
    code, said = marked("--site", f"{A},{B}", "migrate")
    assert code == 1
    assert "todo_priority failed" in said
    assert f"Migrating {B}" not in said
    assert rows(bench, A) == "0"
    assert marked("--site", f"{A},{B}", "migrate", "--skip-failing")[0] == 0
    assert bench.sql("SELECT DISTINCT priority FROM tabToDo", B) == "Medium"


def test_the_web_server_answers_for_a_site_unless_it_is_in_maintenance(
    bench: Bench, images: dict[str, str]
) -> None:
    served = bench.place.start(
        images["erpnext"],
        network=bench.network,
        volumes={bench.volume: {"bind": SITES}},
        ports={f"{WEB}/tcp": ("127.0.0.1", None)},
        environment={"RELEASE_SHA": "abc"},
    )
    served.wait_for_log("serves on port")
    with httpx.Client(base_url=served.url(WEB), headers={"Host": B}) as web:
        assert web.get("/api/method/ping").json() == {"message": "pong", "release": "abc"}
        asked = web.get("/api/method/ping", headers={"Host": "nowhere.localhost"})
        assert asked.status_code == 404
        login = {"usr": "Administrator", "pwd": ADMIN}
        assert web.post("/api/method/login", json=login).status_code == 200
        assert web.post("/api/method/login", json={**login, "pwd": "x"}).status_code == 401
        before = web.get("/api/method/frappe.client.get_count").json()["message"]
        assert web.post("/api/resource/ToDo", json={"description": "é"}).status_code == 200
        assert web.get("/api/method/frappe.client.get_count").json() == {"message": before + 1}
        bench.well("--site", B, "set-maintenance-mode", "on")
        assert web.get("/api/method/ping").status_code == 503
        bench.well("--site", B, "set-maintenance-mode", "off")
        assert web.get("/api/method/ping").status_code == 200


def test_a_dropped_site_lies_in_the_archive_with_its_backup(bench: Bench) -> None:
    bench.well("new-site", "gone.localhost")
    name = str(bench.config("gone.localhost")["db_name"])
    bench.well("drop-site", "gone.localhost", "--archived-sites-path", f"{SITES}/.archive")
    assert name not in bench.sql("SHOW DATABASES").split()
    assert "database.sql.gz" in bench.shell("ls .archive/gone.localhost/private/backups")
    assert bench("--site", "gone.localhost", "list-apps")[0] == 1
