"""The sites of a bench: read and brought about, all of them by one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.docker_host import connect
from steps.erp.bench import ask, bench_job
from steps.errors import BenchError
from steps.library_errors import translated
from steps.swarm import Swarm

if TYPE_CHECKING:
    from steps.context import Context
    from steps.erp.inputs import Sites

READ_LIMIT_S = 300.0
CHANGE_LIMIT_S = 6 * 3600.0
"""For all sites: a first installation of ERPNext takes minutes; what was done by then stays."""
UNTOUCHED = "Nothing was changed in the bench."


def read(given: Sites, context: Context) -> dict[str, Any] | None:
    """Return what there is of the sites (`entries`, `quarantined`, `others`); None without a bench.

    Raises:
        StepError: it could not be looked at.
    """
    failed = f"{given.job.name}: the bench could not be looked at."
    with connect(given.docker, context) as client:
        swarm = Swarm(client)
        with translated(failed, state=UNTOUCHED):
            if given.job.network not in swarm.network_ids():
                return None
        wanted = {name: one.model_dump() for name, one in given.sites.items()}
        job = bench_job(given.job, given.root_password_secret)
        return ask(
            swarm, job, context, what="read the sites", limit_s=READ_LIMIT_S,
            question={"action": "read", "wanted": wanted},
        )  # fmt: skip


def bring(given: Sites, context: Context) -> dict[str, Any]:
    """Bring the bench to the declared sites, and return what there is then.

    Raises:
        BenchError: some sites could not be brought about; all others are as declared.
        StepError: Docker refused something.
    """
    wanted = {name: one.model_dump() for name, one in given.sites.items()}
    for name in wanted.keys() & given.passwords.keys():
        wanted[name]["admin_password"] = given.passwords[name].get_secret_value()
    with connect(given.docker, context) as client:
        job = bench_job(given.job, given.root_password_secret)
        answer = ask(
            Swarm(client), job, context, what="bring about the sites",
            limit_s=CHANGE_LIMIT_S,
            question={"action": "apply", "wanted": wanted},
        )  # fmt: skip
    if answer["errors"]:
        names = sorted(answer["errors"])
        raise BenchError(
            f"{len(names)} of {len(wanted)} sites could not be brought about.",
            why="\n".join(f"{name}: {answer['errors'][name]}" for name in names),
            state="All others are as declared; no site's data was taken away.",
            todo="Correct what is named, then run the update again.",
        )
    return answer
