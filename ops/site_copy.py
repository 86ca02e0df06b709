"""Copies the site of one customer of the ERP now, or of all, and proves each copy."""

import sys

from ops.errors import OpsError
from ops.hosts import estate_of
from ops.site_restore import bench_of, site_of
from ops.stacks import made
from steps import backups
from steps.erp.copies import copy_sites

BY_HAND = "by-hand"
"""Stands in the place of the release in copies that a person has asked for."""


def site_backup(stack: str, tenant: str | None) -> int:
    """Copy sites; return 0.

    Args:
        stack: its name.
        tenant: whose site; None copies all.

    Raises:
        OpsError: a site has no new proven copy; older ones are untouched.
        StepError: Docker refused something.
    """
    engine = made(stack)
    estate = estate_of(engine)
    one, bench = bench_of(engine, estate)
    sites = [] if tenant is None else [site_of(estate, tenant)]
    with one.reached({}) as (swarm, context):
        taken, failed = copy_sites(
            swarm, bench, context, sites=sites, release=BY_HAND, keep=one.plan.keep
        )
        backups.catalog(swarm, one.plan, context)
    for copy in taken:
        sys.stdout.write(f"{copy.describe()}\n")
    if failed:
        listed = "\n".join(f"{site}: {why}" for site, why in sorted(failed.items()))
        raise OpsError(
            f"{len(failed)} of {len(failed) + len(taken)} sites have no new copy:\n{listed}",
            todo="see to the cause that is named; older copies are untouched",
        )
    return 0
