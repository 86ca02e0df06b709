"""Copies of whole sites: made, practised with, and put back, by jobs beside the sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steps.backups.copies import Copy, Restored
from steps.backups.proving import Proven
from steps.erp.bench import ask, bench_job
from steps.scripts.answers import packed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.context import Context
    from steps.erp.inputs import BenchJob
    from steps.swarm import Swarm

SLACK_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A bench, and the volume with the copies of its sites.

    Attributes:
        job: the job beside the sites.
        root_password_secret: name of the Swarm secret.
        volume: of the copies.
        limit_s: seconds that one command of one site may take.
    """

    job: BenchJob
    root_password_secret: str
    volume: str
    limit_s: float


def copy_sites(
    swarm: Swarm, bench: Bench, context: Context, *, sites: Sequence[str], release: str, keep: int
) -> tuple[tuple[Copy, ...], Mapping[str, str]]:
    """Copy and prove sites, each for itself; return the copies, and site → why there is none.

    Args:
        swarm: the manager.
        bench: the bench.
        context: of the step.
        sites: which; none of them means all.
        release: what the data are of.
        keep: how many copies of each stay.

    Raises:
        BenchError: nothing could be copied.
        StepError: Docker refused something.
    """
    asked = {"action": "copy", "sites": list(sites), "release": release, "keep": keep}
    said = _ask(swarm, bench, context, "copy of the sites", asked, len(sites) or 100)
    return tuple(Copy(**one) for one in said["copies"]), said["errors"]


def restore_site(
    swarm: Swarm, bench: Bench, context: Context, *, site: str, file: str, to: str
) -> Restored:
    """Put a copy of a site into place under a name, and what was there aside.

    Raises:
        BenchError: it is not back; what was there is there still.
        StepError: Docker refused something.
    """
    asked = {"action": "restore", "site": site, "file": file, "to": to}
    said = _ask(swarm, bench, context, f"restore of {site} as {to}", asked, 3)
    restored = Restored(**said["restored"][0])
    context.say(f"restore {restored.describe()}")
    return restored


def prove_site(swarm: Swarm, bench: Bench, context: Context, *, site: str) -> Proven:
    """Restore the newest copy of a site's database aside and compare its rows.

    Raises:
        BenchError: it did not come back as it was proven.
        StepError: Docker refused something.
    """
    said = _ask(swarm, bench, context, f"drill of {site}", {"action": "prove", "site": site}, 1)
    return Proven(**said["proven"][0])


def _ask(
    swarm: Swarm, bench: Bench, context: Context, what: str, asked: Mapping[str, Any], times: int
) -> dict[str, Any]:
    """Ask a job that may take as long as some commands do."""
    common = bench.job.model_copy(update={"name": f"{bench.job.name}-{asked['action']}"})
    question = packed({**asked, "limit_s": bench.limit_s})
    job = bench_job(common, bench.root_password_secret, copies=bench.volume, question=question)
    limit_s = times * bench.limit_s + SLACK_S
    return ask(swarm, job, context, what=what, limit_s=limit_s)
