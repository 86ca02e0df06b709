"""The restore drill: the newest copy of an application comes back aside, and is compared."""

import random
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import docker.errors

from ops.applications import Application, applications, named
from ops.drill_report import as_text, report, short, told
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.kept import Kept, all_kept
from ops.offsite import Store, Volume, store_of, volume
from ops.stacks import made
from settings import Estate
from steps import backups
from steps.backups import BackupPlan, Proven, offsite
from steps.backups.proving import note
from steps.context import Context
from steps.docker_host import connect
from steps.erp.copies import prove_site
from steps.errors import StepError
from steps.library_errors import translated
from steps.swarm import Swarm

FAILED = 10
"""Exit code of a drill that was carried out and went wrong."""
_RELEASED_S = 60
"""How long a container that has just ended may hold its volume (a guess)."""


def drill(stack: str, app: str | None) -> int:
    """Restore the newest copies of an application aside and compare them; return 0, or 10.

    With a store off the machine they come from there, into a new volume, as on an empty machine.
    A report goes to `.estate/drills`, and its outcome beside the catalog of the backups.

    Args:
        stack: its name.
        app: the application; None takes one by chance.

    Raises:
        OpsError: there is nothing to try it on.
    """
    engine = made(stack)
    estate = estate_of(engine)
    there = all_kept(engine, estate)
    application = picked(estate, there, app, stack)
    one, store = there[application.name], store_of(estate)
    began, clock = datetime.now(UTC), time.monotonic()
    record: dict[str, Any] = {
        "app": application.name,
        "at": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "from": "this machine" if store is None else store.of(one.owner).repository,
        "ok": False,
        "why": "",
        "copies": [],
    }
    try:
        record["copies"] = [told(copy) for copy in restored(one, application, store)]
        record["ok"] = True
    except StepError as error:
        record["why"] = f"{error.what} {error.why}"
    record["seconds"] = round(time.monotonic() - clock, 1)
    file = report(record, stack)
    with one.reached({}) as (swarm, context):
        note(swarm, one.plan, context, short(record))
    sys.stdout.write(as_text(record, file))
    return 0 if record["ok"] else FAILED


def picked(estate: Estate, there: Mapping[str, Kept], app: str | None, stack: str) -> Application:
    """Return the application that was named, or one by chance.

    Raises:
        OpsError: there is none that makes backups.
    """
    known = [one for one in applications(estate) if one.name in there]
    wanted = named(estate, app) if app else random.choice(known) if known else None  # noqa: S311
    if wanted is None or wanted.name not in there:
        raise OpsError(
            f"{app or 'nothing'} on stack {stack} has no release that makes backups",
            todo=f"bring it up first: make up STACK={stack}",
        )
    return wanted


def restored(one: Kept, application: Application, store: Store | None) -> tuple[Proven, ...]:
    """Bring the newest copies back aside and compare them; of a bench, those of a site by chance.

    Raises:
        StepError: one did not come back as it was proven, or there is none.
    """
    if store is None:
        with one.reached({}) as (swarm, context):
            return compared(swarm, one, one.plan, context)
    with volume(one, store) as at, scratch(at, one, application) as plan:
        offsite.load(at.swarm, plan, at.store, at.context)
        return compared(at.swarm, one, plan, at.context)


def compared(swarm: Swarm, one: Kept, plan: BackupPlan, context: Context) -> tuple[Proven, ...]:
    """Restore the newest copy of each source that has one aside, and compare it.

    Raises:
        StepError: one did not come back as it was proven, or there is none.
    """
    kept = backups.catalog(swarm, plan, context)
    sites = sorted({copy.source for copy in kept if copy.kind == "site"})
    if one.bench is not None and sites:
        site = random.choice(sites)  # noqa: S311 - any will do
        bench = replace(one.bench, volume=plan.volume)
        return (prove_site(swarm, bench, context, site=site),)
    there = {copy.source for copy in kept}
    sources = tuple(source for source in plan.sources if source.name in there)
    if not sources:
        raise StepError(
            f"There is nothing to bring back: {plan.volume} holds no proven copy.",
            why=f"of {', '.join(source.name for source in plan.sources)}",
            state="Nothing was changed.",
            todo="Release the application, or wait for its first copy by the clock.",
        )
    return backups.prove(swarm, plan.model_copy(update={"sources": sources}), context)


@contextmanager
def scratch(at: Volume, one: Kept, application: Application) -> Iterator[BackupPlan]:
    """Give the plan of the backups with a new, empty volume, which goes at the end."""
    name = f"{at.plan.volume}_drill"
    job = at.plan.job.model_copy(update={"name": f"{at.plan.job.name}-drill"})
    with (
        connect(application.disk, one.of.context()) as client,
        translated("The drill stopped.", state=f"Volume {name} may be left; the next takes it."),
    ):
        _remove(client, name)  # of a drill that was killed
        client.volumes.create(name, labels=dict(job.labels))
        try:
            yield at.plan.model_copy(update={"volume": name, "job": job})
        finally:
            _remove(client, name)


def _remove(client: docker.DockerClient, name: str) -> None:
    """Remove a volume if it is there; a container that has just ended may hold it for a moment.

    Raises:
        APIError: it is still held.
    """
    until = time.monotonic() + _RELEASED_S
    while True:
        try:
            client.volumes.get(name).remove()
        except docker.errors.NotFound:
            return
        except docker.errors.APIError:
            if time.monotonic() > until:
                raise
            time.sleep(1)
        else:
            return
