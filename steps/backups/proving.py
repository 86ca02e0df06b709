"""Restores the newest copy of each source aside, for practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.backups.copies import Copy
from steps.backups.failures import PROOF
from steps.backups.inputs import FolderSource, PostgresSource
from steps.backups.jobs import note_job, postgres_job, prove_job
from steps.backups.running import Running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.backups.inputs import BackupPlan
    from steps.context import Context
    from steps.swarm import Swarm


class Proven(Copy):
    """A copy that came back.

    Attributes:
        compared: what was found equal, in words.
    """

    compared: str


def prove(swarm: Swarm, plan: BackupPlan, context: Context) -> tuple[Proven, ...]:
    """Restore the newest copy of each source of a plan aside, and compare it with its manifest.

    Raises:
        RefusedError: a copy did not come back as it was proven; live data were not touched.
        StepError: Docker refused something.
    """
    running = Running(swarm, plan, context, PROOF)
    done: dict[str, Proven] = {}
    for source in plan.sources:
        if isinstance(source, PostgresSource):
            report = running.run(postgres_job(plan, source, "prove", {}), source.name)
            done[source.name] = Proven(**report["proven"][0])
    others = [one for one in plan.sources if not isinstance(one, PostgresSource)]
    if others:
        names = " and ".join(one.name for one in others)
        folders = any(isinstance(one, FolderSource) for one in others)
        report = running.run(prove_job(plan), names, with_password=folders)
        done |= {one["source"]: Proven(**one) for one in report["proven"]}
    return tuple(done[one.name] for one in plan.sources)


def note(swarm: Swarm, plan: BackupPlan, context: Context, record: Mapping[str, object]) -> None:
    """Write down beside the catalog how a drill ended.

    Raises:
        RefusedError: it could not be written.
        StepError: Docker refused something.
    """
    Running(swarm, plan, context, PROOF).run(note_job(plan, record), plan.volume)
