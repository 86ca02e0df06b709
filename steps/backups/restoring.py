"""Brings chosen copies back; whoever writes to the data has been stopped by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.backups.copies import Restored
from steps.backups.failures import RESTORE, refused
from steps.backups.inputs import FolderSource, PostgresSource
from steps.backups.jobs import postgres_job, restore_job
from steps.backups.running import Running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.backups.failures import RefusedError
    from steps.backups.inputs import BackupPlan
    from steps.context import Context
    from steps.swarm import Swarm


def restore(
    swarm: Swarm, plan: BackupPlan, chosen: Mapping[str, str], context: Context
) -> tuple[Restored, ...]:
    """Bring back the chosen copies; each is proven again before it replaces anything.

    May be killed at any point and run again with the same choice.

    Args:
        swarm: where.
        plan: the sources, as for the backup.
        chosen: source → file of a copy; sources that are not named stay as they are.
        context: where to say things; the password of the repository.

    Raises:
        RefusedError: a copy is unknown or no longer what was proven; that source is as it was.
        StepError: Docker refused something.
    """
    sources = [one for one in plan.sources if one.name in chosen]
    unknown = sorted(chosen.keys() - {one.name for one in sources})
    if unknown:
        names = ", ".join(one.name for one in plan.sources)
        why = f"there is no such source; there are: {names}"
        error: RefusedError = refused(RESTORE, unknown[0], code="unknown copy", why=why)
        raise error
    running = Running(swarm, plan, context, RESTORE)
    done: dict[str, Restored] = {}
    for source in sources:
        if isinstance(source, PostgresSource):
            job = postgres_job(plan, source, "restore", {"FILE": chosen[source.name]})
            (said,) = running.run(job, source.name)["restored"]
            done[source.name] = Restored(**said)
    others = [one for one in sources if not isinstance(one, PostgresSource)]
    if others:
        report = running.run(
            restore_job(plan, chosen),
            " and ".join(one.name for one in others),
            with_password=any(isinstance(one, FolderSource) for one in others),
        )
        done |= {one["source"]: Restored(**one) for one in report["restored"]}
    restored = tuple(done[one.name] for one in sources)
    for one in restored:
        context.say(f"restore {one.describe()}")
    return restored
