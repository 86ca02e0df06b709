"""Copies off the machine: made now, listed, and brought back onto an empty machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.applications import known_names, named, some
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.kept import Kept, all_kept
from ops.stacks import made
from ops.table import table
from settings import Estate, Offsite, OffsiteSecrets
from steps.backups import BackupPlan, OffsiteStore, offsite
from steps.context import Context
from steps.swarm import Swarm

S3 = "s3"
"""What a person writes in the place of a file to load from the store."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """The store of one stack.

    Attributes:
        settings: where it is.
        secrets: what opens it.
    """

    settings: Offsite
    secrets: OffsiteSecrets

    def of(self, app: str) -> OffsiteStore:
        """Return where the copies of an application lie; pure."""
        keep = self.settings.keep
        return OffsiteStore(
            repository=self.settings.repository(app),
            region=self.settings.region,
            keep={"daily": keep.daily, "weekly": keep.weekly, "monthly": keep.monthly},
        )


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The backups of one application, and the store they go to.

    Attributes:
        plan: of the backups.
        store: of the application.
        swarm: where the volume is.
        context: with what opens the store.
    """

    plan: BackupPlan
    store: OffsiteStore
    swarm: Swarm
    context: Context


def store_of(estate: Estate) -> Store | None:
    """Return the store of a stack, None when it has none; pure."""
    if estate.offsite is None or estate.offsite_secrets is None:
        return None
    return Store(settings=estate.offsite, secrets=estate.offsite_secrets)


def needed(estate: Estate, stack: str) -> Store:
    """Return the store of a stack; pure.

    Raises:
        OpsError: it has none.
    """
    store = store_of(estate)
    if store is None:
        raise OpsError(
            f"stack {stack} keeps no copies off its machines",
            todo="set estate:offsite and estate:offsiteSecrets: docs/backups.md",
        )
    return store


@contextmanager
def volume(kept: Kept, store: Store) -> Iterator[Volume]:
    """Give the backups of an application on its Swarm."""
    with kept.reached({"offsite": store.secrets.opened()}) as (swarm, context):
        place = store.of(kept.owner)
        yield Volume(plan=kept.plan, store=place, swarm=swarm, context=context)


def offsite_copies(stack: str, app: str | None, *, only_list: bool, force: bool) -> int:
    """Bring the backups off the machine now, and list what is there; return 0.

    Args:
        stack: its name.
        app: the one application that is wanted, or None for all that make backups.
        only_list: bring nothing.
        force: go on in a repository that another machine has written.

    Raises:
        OpsError: the stack has no store, or nothing that makes backups was released yet.
        StepError: something was not brought, or not proven there.
    """
    engine = made(stack)
    estate = estate_of(engine)
    store = needed(estate, stack)
    wanted, there = {one.name for one in some(estate, app)}, all_kept(engine, estate)
    by_volume = {one.plan.volume: one for name, one in there.items() if name in wanted}
    if not by_volume:
        raise OpsError(
            f"nothing that makes backups has been released on stack {stack}",
            todo=f"bring it up first: make up STACK={stack}; known: {known_names(estate)}",
        )
    rows = [("volume", "snapshot", "made")]
    for name, one in sorted(by_volume.items()):
        with volume(one, store) as at:
            if not only_list:
                offsite.push(at.swarm, at.plan, at.store, at.context, adopt=force)
            found = offsite.snapshots(at.swarm, at.plan, at.store, at.context)
        rows += [(name, identity[:8], made_at[:19] + "Z") for identity, made_at in found]
    sys.stdout.write(table(rows))
    return 0


def load(stack: str, app: str | None, *, snapshot: str | None, force: bool) -> int:
    """Bring a snapshot into the volume of an application's backups; return 0.

    Args:
        stack: its name.
        app: whose.
        snapshot: the beginning of its id; None takes the newest.
        force: set aside what is in the volume and not in the snapshot.

    Raises:
        OpsError: the stack has no store, or the application has no volume yet.
        StepError: it was not loaded; what was in the volume is there still.
    """
    engine = made(stack)
    estate = estate_of(engine)
    store = needed(estate, stack)
    application = named(estate, app)
    one = all_kept(engine, estate).get(application.name)
    if one is None:
        raise OpsError(
            f"{application.name} has no volume of backups on stack {stack} yet",
            todo=f"bring it up first: make up STACK={stack}",
        )
    wanted = snapshot or offsite.LATEST
    with volume(one, store) as at:
        got = offsite.load(at.swarm, at.plan, at.store, at.context, snapshot=wanted, force=force)
    if got.aside:
        sys.stdout.write(f"what was there is in {got.aside} of {one.plan.volume}\n")
    sys.stdout.write(
        f"snapshot {got.snapshot[:8]}: {got.copies} proven copies are in "
        f"{one.plan.volume} after {got.seconds:.0f} s; next: make restore STACK={stack} "
        f"APP={application.name} FROM=latest\n"
    )
    return 0
