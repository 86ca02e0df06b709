"""Brings the volume of the backups off this machine, and back onto an empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from steps.backups.failures import LOAD, OFFSITE
from steps.backups.jobs import offsite_job
from steps.backups.running import Running

if TYPE_CHECKING:
    from steps.backups.inputs import BackupPlan, OffsiteStore
    from steps.context import Context
    from steps.swarm import Swarm

LATEST = "latest"


class Pushed(BaseModel):
    """A snapshot off this machine that was proven there.

    Attributes:
        repository: id of the repository.
        snapshot: id of the snapshot.
        created: when it was proven, UTC.
        copies: how many proven copies it holds.
        newest: when the newest of them was made, UTC.
        bytes: of everything in it.
        added: bytes that were uploaded for it.
        seconds: how long it took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    snapshot: str
    created: str
    copies: int
    newest: str
    bytes: int
    added: int
    seconds: float

    def describe(self) -> str:
        """Return one line for people."""
        return (
            f"snapshot {self.snapshot[:8]} proven: {self.copies} copies, {self.bytes} bytes, "
            f"{self.added} of them new, in {self.seconds:g} s"
        )


class Loaded(BaseModel):
    """A snapshot that is in a volume of backups.

    Attributes:
        snapshot: its id.
        aside: the folder in the volume with what was there before; empty when nothing had to go.
        copies: how many proven copies there are now.
        seconds: how long it took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot: str
    aside: str
    copies: int
    seconds: float


def push(
    swarm: Swarm, plan: BackupPlan, store: OffsiteStore, context: Context, *, adopt: bool = False
) -> Pushed:
    """Upload every proven copy, prove them there, then thin out older snapshots.

    Args:
        swarm: where the volume is.
        plan: of the backups.
        store: whereto.
        context: where to say things, and the store's secrets.
        adopt: go on in a repository that another volume has written.

    Raises:
        RefusedError: there is no new proven snapshot; nothing was removed.
        StepError: Docker refused something.
    """
    told = {**store.model_dump(), "adopt": adopt}
    running = Running(swarm, plan, context, OFFSITE)
    report = running.run(offsite_job(plan, "push", told), plan.volume, offsite=True)
    pushed = Pushed(**report)
    context.say(f"off-site copy of {plan.volume}: {pushed.describe()}")
    return pushed


def snapshots(
    swarm: Swarm, plan: BackupPlan, store: OffsiteStore, context: Context
) -> tuple[tuple[str, str], ...]:
    """Return id and time of each snapshot, oldest first.

    Raises:
        RefusedError: they cannot be listed.
        StepError: Docker refused something.
    """
    job = offsite_job(plan, "list", store.model_dump())
    report = Running(swarm, plan, context, OFFSITE).run(job, plan.volume, offsite=True)
    return tuple((str(one["id"]), str(one["time"])) for one in report["snapshots"])


def load(
    swarm: Swarm,
    plan: BackupPlan,
    store: OffsiteStore,
    context: Context,
    *,
    snapshot: str = LATEST,
    force: bool = False,
) -> Loaded:
    """Bring a snapshot into the plan's volume; the volume may be a new one.

    Args:
        swarm: where the volume is.
        plan: of the backups.
        store: from where.
        context: where to say things, and the store's secrets.
        snapshot: the beginning of an id, or `latest`.
        force: set aside copies that the snapshot does not hold.

    Raises:
        RefusedError: it was not loaded; what was there is there still.
        StepError: Docker refused something.
    """
    told = {**store.model_dump(), "snapshot": snapshot, "force": force}
    running = Running(swarm, plan, context, LOAD)
    report = running.run(offsite_job(plan, "load", told), plan.volume, offsite=True)
    return Loaded(**{**report, "copies": len(report["copies"])})
