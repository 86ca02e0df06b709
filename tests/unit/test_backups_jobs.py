from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from steps.backups.copies import Copy
from steps.backups.failures import ADVICE, BACKUP, RESTORE, refused
from steps.backups.inputs import BackupPlan
from steps.backups.jobs import job_name, postgres_job, restore_job, take_job
from steps.backups.running import reported
from steps.errors import BackupError
from steps.programs import FOLDER
from steps.scripts.bundle import (
    MODULES,
    answering_program,
    python_program,
    shell_program,
)

if TYPE_CHECKING:
    from pathlib import Path

POSTGRES = {
    "kind": "postgres",
    "name": "crm",
    "image": "postgres@sha256:1",
    "network": "crm_internal",
    "host": "crm-postgres",
    "user": "crm_user",
    "database": "crm_whatsapp_saas",
    "password_secret": "crm_password_1",
}
SQLITE = {"kind": "sqlite", "name": "web", "volume": "web_db", "path": "deep/db.sqlite"}
UPLOADS = {"kind": "folder", "name": "uploads", "volume": "crm_uploads"}


def plan(*sources: dict[str, str], **other: object) -> BackupPlan:
    given: dict[str, Any] = {
        "job": {"name": "crm-backup", "image": "tools", "constraints": ["node.id==1"]},
        "volume": "crm_backups",
        "keep": 5,
        "release": "abc",
        "sources": list(sources),
        "timeout_s": 60,
        **other,
    }
    return BackupPlan.model_validate_json(json.dumps(given))


def test_databases_are_mounted_for_writing_and_folders_for_reading() -> None:
    job = take_job(plan(SQLITE, UPLOADS, POSTGRES), {"crm": "x.dump"})
    assert [(one.source, one.target, one.read_only) for one in job.mounts] == [
        ("web_db", "/sources/web", False),
        ("crm_uploads", "/sources/uploads", True),
        ("crm_backups", "/backups", False),
    ]
    told = json.loads(job.command[3])
    assert [(one["place"], one["file"]) for one in told["sources"]] == [
        ("/sources/web/deep/db.sqlite", None),
        ("/sources/uploads", None),
        ("/sources/crm", "x.dump"),
    ]


def test_a_restore_mounts_only_what_was_chosen_and_may_write() -> None:
    job = restore_job(plan(SQLITE, UPLOADS), {"uploads": "5a5a"})
    assert [(one.source, one.read_only) for one in job.mounts] == [
        ("crm_uploads", False),
        ("crm_backups", False),
    ]


def test_postgres_jobs_run_on_the_servers_own_image_with_its_secret_as_a_file() -> None:
    given = plan(POSTGRES)
    (source,) = given.sources
    job = postgres_job(given, source, "backup", {"RELEASE": "abc"})  # type: ignore[arg-type]  # it is one
    assert (job.image, job.constraints) == ("postgres@sha256:1", ("node.id==1",))
    assert [one.name for one in job.secrets] == ["crm_password_1"]
    assert job.env["PGHOST"] == "crm-postgres"
    assert [one.name for one in job.networks] == ["crm_internal"]


def test_a_long_job_name_is_cut_and_stays_its_own() -> None:
    names = {job_name("x" * 55, f"-{end}") for end in ("crm-backup", "crm-restore", "catalog")}
    assert len(names) == 3
    assert max(map(len, names)) <= 60


@pytest.mark.parametrize(
    ("sources", "other"),
    [
        ([SQLITE, {**UPLOADS, "name": "web"}], {}),
        ([{**UPLOADS, "name": "restic"}], {}),
        ([UPLOADS], {"release": "a/b"}),
        ([UPLOADS], {"keep": 0}),
        ([], {}),
        ([{**SQLITE, "path": "/absolute"}], {}),
    ],
)
def test_a_plan_that_cannot_work_is_refused(
    sources: list[dict[str, str]], other: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        plan(*sources, **other)


def test_the_bundle_runs_where_the_checkout_is_not(tmp_path: Path) -> None:
    told = {"action": "catalog", "root": str(tmp_path), "sources": []}
    done = subprocess.run(
        [sys.executable, "-I", "-c", python_program(), json.dumps(told)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == 'ESTATE {"kept": []}\n'
    assert len(python_program()) < 100_000  # Linux takes 128 KiB in one argument


def test_every_module_that_the_scripts_need_is_in_the_bundle() -> None:
    for name in MODULES:
        text = (FOLDER / f"{name}.py").read_text()
        lines = [
            line for line in text.splitlines() if line.startswith(("from steps", "import steps"))
        ]
        assert all(line.startswith("from steps.scripts") for line in lines), lines


@pytest.mark.parametrize("name", ["postgres_backup", "postgres_restore", "postgres_prove"])
def test_the_shell_programs_are_whole(name: str) -> None:
    for program in (shell_program(name), answering_program(name)):
        done = subprocess.run(
            ["bash", "-n"], input=program, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_only_the_programs_own_last_line_is_a_report() -> None:
    assert reported('noise\nESTATE {"copies": []}') == {"copies": []}
    assert reported("ESTATE {broken") is None
    assert reported("no report") is None


def test_an_error_says_which_source_and_what_to_do() -> None:
    error = refused(BACKUP, "crm", code="disk full", why="5 bytes are needed, 1 free")
    assert isinstance(error, BackupError)
    assert (error.code, error.source) == ("disk full", "crm")
    assert error.render().splitlines() == [
        "FAILED: There is no proven backup of crm.",
        "why:    5 bytes are needed, 1 free",
        "now:    Nothing was migrated, switched or stopped; older copies are untouched.",
        f"do:     {ADVICE['disk full']}",
    ]


def test_a_restore_that_was_killed_does_not_claim_to_know() -> None:
    assert "running the restore again" in refused(RESTORE, "crm", code="died", why="x").state
    assert "as it was" in refused(RESTORE, "crm", code="damaged", why="x").state


def test_a_copy_describes_itself_in_one_line() -> None:
    assert "nothing to back up" in Copy(source="a", kind="folder", state="absent").describe()
    copy = Copy(source="a", kind="sqlite", file="f", tables={"t": 2, "u": 3}, bytes=9, seconds=1)
    assert copy.describe() == "a: f proven, 2 tables, 5 rows, 9 bytes in 1 s"
