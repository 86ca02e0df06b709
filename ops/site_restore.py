"""Puts a copy of one customer's site into place, under its own name or another."""

import sys

from ops.applications import named
from ops.confirm import confirm
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.kept import Kept, all_kept
from ops.releases import journal_of
from ops.stacks import made
from settings import Estate
from steps import backups
from steps.backups import Copy
from steps.erp.copies import Bench, restore_site

LATEST = "latest"
_KEY = "erp"


def site_restore(
    stack: str, tenant: str | None, *, source: str | None, to: str | None, dry: bool, force: bool
) -> int:
    """Put a copy of a tenant's site into place; return 0 when its rows were those of the copy.

    Args:
        stack: its name.
        tenant: whose.
        source: `latest`, or a file of `make backups`.
        to: the name it gets; None is its own.
        dry: only show what would be done.
        force: do not ask.

    Raises:
        OpsError: there is no such copy, or a release is under way; nothing was changed.
        StepError: it is not back; what was there is there still.
    """
    engine = made(stack)
    estate = estate_of(engine)
    one, bench = bench_of(engine, estate)
    site = site_of(estate, tenant)
    copy, name = picked(one, site, source), to or site
    sys.stdout.write(shown(copy, name, bench))
    if dry:
        return 0
    if journal_of(named(estate, _KEY)).attempt is not None:
        raise OpsError(
            f"a release of {one.app} is under way, and goes through its sites",
            todo=f"wait for its end; make releases STACK={stack} shows it",
        )
    confirm(name, force=force)
    with one.reached({}) as (swarm, context):
        done = restore_site(swarm, bench, context, site=site, file=copy.file, to=name)
    sys.stdout.write(f"{done.describe()}\n")
    return 0


def bench_of(engine: Engine, estate: Estate) -> tuple[Kept, Bench]:
    """Return the copies of the ERP, and its bench.

    Raises:
        OpsError: the stack has none that was released.
    """
    application = named(estate, _KEY)
    one = all_kept(engine, estate).get(application.name)
    if one is None or one.bench is None:
        raise OpsError(
            f"{application.name} has no release that went through on stack {engine.stack}",
            todo=f"bring it up first: make up STACK={engine.stack}",
        )
    return one, one.bench


def site_of(estate: Estate, tenant: str | None) -> str:
    """Return the site of a tenant; pure.

    Raises:
        OpsError: there is no such tenant.
    """
    tenants = estate.erp.tenants if estate.erp else {}
    if estate.erp is None or tenant not in tenants:
        raise OpsError(
            f"there is no customer {tenant or ''}".strip(),
            todo=f"name one with TENANT=…: {', '.join(sorted(tenants)) or 'the stack has none'}",
        )
    return estate.erp.site(tenant)


def picked(one: Kept, site: str, source: str | None) -> Copy:
    """Return the copy that a person means.

    Raises:
        OpsError: there is none.
    """
    with one.reached({}) as (swarm, context):
        found = backups.catalog(swarm, one.plan, context)
    mine = [copy for copy in found if copy.source == site and copy.kind == "site"]
    meant = [copy for copy in mine if source in {LATEST, copy.file}]
    if not meant:
        newest = f"; the newest is {mine[-1].file}" if mine else ""
        raise OpsError(
            f"there is no proven copy {source or ''} of {site}{newest}",
            todo=f"FROM=latest, or FROM=<file>: make backups APP={one.app} shows them",
        )
    return meant[-1]


def shown(copy: Copy, to: str, bench: Bench) -> str:
    """Return what a restore would do, for people; pure."""
    return (
        f"restore of site {to} on the bench of {bench.job.image}:\n"
        f"  from      {copy.file} of {copy.source}, made {copy.created}, "
        f"{sum(copy.tables.values())} rows in {len(copy.tables)} tables\n"
        f"  kept      what is there now, folder and database, beside it in .estate/replaced\n"
        f"  then      it is migrated to the code that serves, and opened\n"
        f"  lost      from {to}, when it is replaced: everything written since {copy.created}\n"
    )
