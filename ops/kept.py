"""What of a stack has copies: applications whose releases copy data, and benches with sites."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ops.engine import Engine
from ops.plans import Deployed, deployed, ground
from settings import Estate
from steps.backups import BackupPlan, SitesSource
from steps.context import Context
from steps.erp.copies import Bench
from steps.inputs import PlainJob
from steps.release.plan import Backup, Wave
from steps.swarm import Swarm

_LIMIT_S = 1800


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The copies of one application.

    Attributes:
        app: the application.
        of: its transaction.
        plan: of the backups.
        bench: whose sites are copied, for an application that has sites.
    """

    app: str
    of: Deployed
    plan: BackupPlan
    bench: Bench | None = None

    @property
    def owner(self) -> str:
        """The application that the volume is named after; its transactions share it."""
        return self.plan.volume.removesuffix("_backups")

    @contextmanager
    def reached(self, secrets: Mapping[str, object]) -> Iterator[tuple[Swarm, Context]]:
        """Give the Swarm, and a context that hides these secrets too."""
        of = Deployed(plan=self.of.plan, secrets={**self.of.secrets, **secrets})
        with ground(of) as on:
            yield on.swarm, on.context


def kept(there: Mapping[str, Deployed], tools: str) -> dict[str, Kept]:
    """Return application → its copies, of those that have any; pure.

    Args:
        there: application → its transaction.
        tools: image that lists copies and brings them off the machine.
    """
    found = {app: _of(app, of, tools) for app, of in sorted(there.items())}
    return {app: one for app, one in found.items() if one is not None}


def all_kept(engine: Engine, estate: Estate) -> dict[str, Kept]:
    """Return application → its copies, of those that a stack has released."""
    return kept(deployed(engine), estate.tools.image if estate.tools else "")


def _of(app: str, of: Deployed, tools: str) -> Kept | None:
    for phase in of.plan.phases:
        if isinstance(phase, Backup):
            return Kept(app=app, of=of, plan=phase.plan)
        if isinstance(phase, Wave):
            return Kept(app=app, of=of, plan=_plan(app, of, phase, tools), bench=_bench(app, phase))
    return None


def _plan(app: str, of: Deployed, phase: Wave, tools: str) -> BackupPlan:
    """Return a plan for the jobs that work on the volume alone."""
    job = PlainJob(
        name=f"{app}_backup",
        image=tools,
        constraints=phase.bench.constraints,
        labels=phase.bench.labels,
    )
    return BackupPlan(
        job=job,
        volume=phase.copies,
        keep=phase.keep,
        release=of.plan.release,
        sources=(SitesSource(kind="site", name="sites"),),
        timeout_s=_LIMIT_S,
    )


def _bench(app: str, phase: Wave) -> Bench:
    return Bench(
        job=phase.bench.model_copy(update={"name": f"{app}_site"}),
        root_password_secret=phase.root_password_secret,
        volume=phase.copies,
        limit_s=phase.site_limit_s,
    )
