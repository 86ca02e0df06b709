"""Takes a proven copy of each source, rehearses that, and lists what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.backups.copies import Copy
from steps.backups.failures import BACKUP, CATALOG
from steps.backups.inputs import FolderSource, PostgresSource
from steps.backups.jobs import catalog_job, postgres_job, rehearse_job, take_job
from steps.backups.running import Running

if TYPE_CHECKING:
    from steps.backups.inputs import BackupPlan
    from steps.context import Context
    from steps.swarm import Swarm


def take(swarm: Swarm, plan: BackupPlan, context: Context) -> tuple[Copy, ...]:
    """Copy and prove each source, then prune; return one copy per source, in the plan's order.

    Older copies are removed only when every source has a new proven one.

    Raises:
        RefusedError: a source has no proven copy; nothing was changed.
        StepError: Docker refused something.
    """
    running = Running(swarm, plan, context, BACKUP)
    files: dict[str, str] = {}
    for source in plan.sources:
        if isinstance(source, PostgresSource):
            job = postgres_job(plan, source, "backup", {"RELEASE": plan.release})
            report = running.run(job, source.name)
            if report["state"] == "proven":
                files[source.name] = report["file"]
    report = running.run(
        take_job(plan, files),
        " and ".join(one.name for one in plan.sources),
        with_password=any(isinstance(one, FolderSource) for one in plan.sources),
    )
    made = {one["source"]: Copy(**one) for one in report["copies"]}
    copies = tuple(
        made.get(one.name) or Copy(source=one.name, kind=one.kind, state="absent")
        for one in plan.sources
    )
    for copy in copies:
        context.say(f"backup {copy.describe()}")
    return copies


def rehearse(swarm: Swarm, plan: BackupPlan, context: Context) -> None:
    """Copy and prove each source, and keep nothing: what would fail is known before it matters.

    Raises:
        RefusedError: a source has no proven copy; nothing was changed.
        StepError: Docker refused something.
    """
    running = Running(swarm, plan, context, BACKUP)
    others = []
    for source in plan.sources:
        if isinstance(source, PostgresSource):
            extra = {"RELEASE": plan.release, "REHEARSAL": "1"}
            running.run(postgres_job(plan, source, "backup", extra), source.name)
        else:
            others.append(source)
    if others:
        running.run(
            rehearse_job(plan),
            " and ".join(one.name for one in others),
            with_password=any(isinstance(one, FolderSource) for one in others),
        )


def catalog(swarm: Swarm, plan: BackupPlan, context: Context) -> tuple[Copy, ...]:
    """Return every proven copy in the plan's volume, of all sources and kinds, oldest first.

    Raises:
        RefusedError: they cannot be listed.
        StepError: Docker refused something.
    """
    report = Running(swarm, plan, context, CATALOG).run(catalog_job(plan), plan.volume)
    return tuple(Copy(**one) for one in report["kept"])
