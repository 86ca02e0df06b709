"""Puts an older copy of the data under the release that serves."""

import sys

from ops.backups import catalog, picked, told
from ops.confirm import confirm
from ops.errors import OpsError
from ops.locks import release_dead_lock
from ops.plans import Deployed, chosen, ground
from ops.republish import republish
from ops.stacks import made
from steps.backups import Copy
from steps.errors import StepError
from steps.release.by_hand import choice
from steps.release.by_hand import restore as put_into_place


def restore(stack: str, app: str | None, *, source: str | None, dry: bool, force: bool) -> int:
    """Put an older copy into place; return 0 when the release serves with it, seen from outside.

    Args:
        stack: its name.
        app: whose data.
        source: `latest`, a file, or several with commas.
        dry: only show what would be done.
        force: do not ask.

    Raises:
        OpsError: nothing was done, or not all of it.
    """
    if not source:
        raise OpsError(
            "no copy was named; nothing was changed",
            todo="FROM=latest, or FROM=<file>: make backups shows them",
        )
    engine = made(stack)
    of = chosen(engine, app)
    kept = catalog(of)
    copies = picked(kept, source)
    sys.stdout.write(shown(copies, of, stack=stack))
    if dry:
        return 0
    confirm(of.plan.app, force=force)
    release_dead_lock(engine)
    with ground(of) as on:
        files = {copy.source: copy.file for copy in copies}
        restored = put_into_place(on, choice(files, of.backup.plan.keep, kept))
    for one in restored:
        sys.stdout.write(f"{one.describe()}\n")
    try:
        republish(engine, of.plan.app)
    except StepError as error:
        raise OpsError(
            f"the data of {of.plan.app} are back and serve, but the variables or functions in them "
            f"are not this release's:\n{error}",
            todo="correct the cause named above, then run the restore again",
        ) from error
    return 0


def shown(copies: tuple[Copy, ...], of: Deployed, *, stack: str) -> str:
    """Return what a restore would do, for people; pure."""
    lines = [
        f"restore of {of.plan.app} on stack {stack}:",
        f"  release   stays {of.plan.release} ({of.plan.image})",
        *told(copies, of),
    ]
    return "\n".join([*lines, ""])
