"""The one-shot jobs that copy and restore; pure: a plan in, jobs out."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from steps.backups.inputs import FolderSource, PostgresSource, SqliteSource
from steps.inputs import Job, JobMount, JobNetwork, SecretFile
from steps.scripts.bundle import python_program, shell_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.backups.inputs import BackupPlan, Source

ROOT = "/backups"
PASSWORD_NAME = "backup_password"  # noqa: S105 - the name of a secret
PASSWORD_FILE = f"/run/secrets/{PASSWORD_NAME}"
OFFSITE_NAME = "offsite"
OFFSITE_FILE = f"/run/secrets/{OFFSITE_NAME}"
DATABASE_PASSWORD_FILE = "/run/secrets/database_password"  # noqa: S105 - a path
NAME_LENGTH = 60
"""A service of the Swarm may have 63 characters."""


def take_job(plan: BackupPlan, files: Mapping[str, str]) -> Job:
    """Return the job that copies SQLite files and folders, prunes all, and renews the catalog.

    SQLite sources are mounted for writing, because SQLite needs to make its shared-memory file
    beside a database in WAL mode even to read it.

    Args:
        plan: what to copy.
        files: source → copy that a job on its own image has made already.
    """
    sources = [
        one for one in plan.sources if not isinstance(one, PostgresSource) or one.name in files
    ]
    return _python(plan, "take", sources, files, suffix="")


def rehearse_job(plan: BackupPlan) -> Job:
    """Return the job that copies and proves SQLite files and folders, and keeps nothing."""
    sources = [one for one in plan.sources if not isinstance(one, PostgresSource)]
    return _python(plan, "rehearse", sources, {}, suffix="-rehearse")


def restore_job(plan: BackupPlan, chosen: Mapping[str, str]) -> Job:
    """Return the job that restores SQLite files and folders."""
    sources = [
        one for one in plan.sources if one.name in chosen and not isinstance(one, PostgresSource)
    ]
    return _python(plan, "restore", sources, chosen, suffix="-restore")


def catalog_job(plan: BackupPlan) -> Job:
    """Return the job that lists what is kept."""
    return _python(plan, "catalog", [], {}, suffix="-catalog")


def prove_job(plan: BackupPlan) -> Job:
    """Return the job that restores the newest copies of SQLite files and folders aside."""
    sources = [one for one in plan.sources if not isinstance(one, PostgresSource)]
    return _bare(plan, "prove", {"sources": [_told(one, {}) for one in sources]})


def note_job(plan: BackupPlan, record: Mapping[str, object]) -> Job:
    """Return the job that writes down how a drill ended."""
    return _bare(plan, "note", {"record": dict(record)})


def offsite_job(plan: BackupPlan, action: str, told: Mapping[str, object]) -> Job:
    """Return the job that pushes the volume off this machine, lists what is there, or loads it."""
    return _bare(plan, f"offsite-{action}", {"offsite": dict(told)})


def postgres_job(
    plan: BackupPlan, source: PostgresSource, action: str, extra: Mapping[str, str]
) -> Job:
    """Return the job that copies (`backup`) or restores (`restore`) on the server's own image."""
    common = plan.job.model_dump()
    common["name"] = job_name(plan.job.name, f"-{source.name}-{action}")
    common["image"] = source.image
    return Job(
        **common,
        command=("bash", "-c", shell_program(f"postgres_{action}")),
        env={
            "PGHOST": source.host,
            "PGPORT": str(source.port),
            "PGUSER": source.user,
            "PGDATABASE": source.database,
            "SOURCE": source.name,
            **extra,
        },
        mounts=(JobMount(type="volume", source=plan.volume, target=ROOT),),
        networks=(JobNetwork(name=source.network),),
        secrets=(SecretFile(name=source.password_secret, target=DATABASE_PASSWORD_FILE),),
    )


def job_name(start: str, end: str) -> str:
    """Return a job's name; one that is too long is cut and told apart by a checksum."""
    whole = f"{start}{end}"
    if len(whole) <= NAME_LENGTH:
        return whole
    return f"{whole[: NAME_LENGTH - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _python(
    plan: BackupPlan,
    action: str,
    sources: Sequence[Source],
    files: Mapping[str, str],
    *,
    suffix: str,
) -> Job:
    told: dict[str, Any] = {
        "action": action,
        "root": ROOT,
        "keep": plan.keep,
        "release": plan.release,
        "sources": [_told(one, files) for one in sources],
    }
    mounts = [
        _mount(one, action) for one in sources if isinstance(one, SqliteSource | FolderSource)
    ]
    return _job(plan, suffix, told, mounts)


def _bare(plan: BackupPlan, action: str, told: Mapping[str, object]) -> Job:
    """Return a job that sees the backups alone, and nothing of the live data."""
    return _job(plan, f"-{action}", {"action": action, "root": ROOT, **told}, [])


def _job(
    plan: BackupPlan, suffix: str, told: Mapping[str, object], mounts: Sequence[JobMount]
) -> Job:
    common = plan.job.model_dump()
    common["name"] = job_name(plan.job.name, suffix)
    return Job(
        **common,
        command=("python3", "-c", python_program(), json.dumps(told)),
        mounts=(*mounts, JobMount(type="volume", source=plan.volume, target=ROOT)),
    )


def _told(source: Source, files: Mapping[str, str]) -> dict[str, str | None]:
    """Return what the program inside the job is told about one source."""
    place = f"/sources/{source.name}"
    if isinstance(source, SqliteSource):
        place += f"/{source.path}"
    common = {"kind": source.kind, "name": source.name, "place": place}
    return {**common, "file": files.get(source.name)}


def _mount(source: SqliteSource | FolderSource, action: str) -> JobMount:
    read_only = isinstance(source, FolderSource) and action != "restore"
    target = f"/sources/{source.name}"
    return JobMount(type="volume", source=source.volume, target=target, read_only=read_only)
