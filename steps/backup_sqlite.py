"""Step `backup-sqlite`: a proven copy of each SQLite database, before anything migrates it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steps.docker_host import connect
from steps.errors import BackupError, JobError
from steps.inputs import Job, JobMount
from steps.job import JobRun
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.inputs import BackupInput

SCRIPT = Path(__file__).with_name("scripts") / "sqlite_backup.py"
MARK = "ESTATE "
ROOT = "/backups"
WHAT = "backup of the databases"

ADVICE = {
    "disk full": "Free space on the host, or lower `keep`, then run the update again.",
    "damaged": "Restore the newest proven copy or repair the database before any release.",
    "missing": "Check the volume's name; restore the newest copy, or move its folder out of the "
    "backups volume to start empty on purpose.",
    "busy": "Find what keeps writing to the database, then run the update again.",
}


def plan(given: BackupInput) -> dict[str, Any]:
    """Return what the script is told; pure."""
    return {
        "root": ROOT,
        "keep": given.keep,
        "release": given.release,
        "databases": [
            {"name": one.name, "file": f"{_folder(one.name)}/{one.path}"} for one in given.databases
        ],
    }


def backup_job(given: BackupInput, script: str) -> Job:
    """Return the one-shot job that makes the copies; pure.

    The sources are mounted for writing, because SQLite needs to make its shared-memory file
    beside a database in WAL mode even to read it.
    """
    sources = [
        JobMount(type="volume", source=one.volume, target=_folder(one.name))
        for one in given.databases
    ]
    return Job(
        **given.job.model_dump(),
        command=("python3", "-c", script, json.dumps(plan(given))),
        mounts=(*sources, JobMount(type="volume", source=given.backups_volume, target=ROOT)),
    )


def reported(log: str) -> dict[str, Any] | None:
    """Return what the script said at the end of its log, or None when it did not get there."""
    lines = [line for line in log.splitlines() if line.startswith(MARK)]
    if not lines:
        return None
    try:
        result = json.loads(lines[-1].removeprefix(MARK))
    except ValueError:
        return None
    return result if isinstance(result, dict) else None


def run(given: BackupInput, context: Context) -> dict[str, object]:
    """Back up, prove, prune.

    Raises:
        BackupError: A database has no proven copy.
        JobError: The job did not get far enough to say why.
    """
    job = backup_job(given, SCRIPT.read_text())
    with connect(given.docker, context) as client:
        work = JobRun(Swarm(client), job, context, timeout_s=given.timeout_s, what=WHAT)
        try:
            outcome = work.run()
        except JobError as error:
            result = reported(error.log)
            if result is None or "error" not in result:
                raise
            refused: BackupError = _refused(result["error"])
            raise refused from error
    result = reported(outcome.log)
    if result is None or "databases" not in result:
        raise BackupError(
            "The backup ended without a report.",
            why=f"end of its log:\n{outcome.log}" if outcome.log else "its log is empty",
            state="It is not known whether there is a proven copy; nothing was migrated.",
            todo="Run the update again.",
        )
    for database in result["databases"]:
        context.say(_summary(database))
    return {"databases": result["databases"], "seconds": outcome.seconds}


def _folder(database: str) -> str:
    """Return where a database's volume is mounted."""
    return f"/sources/{database}"


def _refused(error: dict[str, str]) -> BackupError:
    """Return the error for what the script could not do."""
    return BackupError(
        f"There is no proven backup of {error['database']}.",
        why=error["why"],
        state="Nothing was migrated or switched; older copies are untouched.",
        todo=ADVICE.get(error["code"], "Correct the cause, then run the update again."),
    )


def _summary(database: dict[str, Any]) -> str:
    """Return one line about one database."""
    if database["state"] == "absent":
        return f"backup {database['name']}: no database yet, nothing to back up"
    return (
        f"backup {database['name']}: {database['file']} proven, {database['tables']} tables, "
        f"{database['rows']} rows, {database['bytes']} bytes in {database['seconds']} s"
    )
