"""Data put back by a person's wish: with an older release, or under the one that serves.

Both open an attempt in the journal like any release, so that a kill or a failure at any point ends
with the data and the release of before.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps import backups
from steps.backups.failures import RefusedError
from steps.errors import ReleaseError, StepError, unexpected
from steps.library_errors import translated
from steps.release.advance import close, settle
from steps.release.change import Change
from steps.release.journal import Attempt, Result, Version, me, recorded
from steps.release.phases import work
from steps.release.plan import Backup, Work
from steps.release.seal import sealed
from steps.release.verify import verify
from steps.release.way_back import patience_s, undo
from steps.release.work_in_progress import wait_for_holder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steps.backups import Copy, Restored
    from steps.release.ground import Ground

BY_HAND = "(by hand)"
"""Stands for a failed phase until it went through: whoever finds it takes the data back."""
_BEYOND_PROOF = frozenset({"missing", "damaged"})
"""Why data cannot be copied and may be replaced all the same: a restore is its only cure."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which data come back.

    Attributes:
        copies: source → file.
        keep: how many copies of a source stay when what is there now is copied: so many that the
            chosen ones are not removed by it.
    """

    copies: Mapping[str, str]
    keep: int


def choice(copies: Mapping[str, str], plan_keep: int, kept: tuple[Copy, ...]) -> Choice:
    """Return a choice under which nothing that is kept now goes; pure."""
    return Choice(copies=copies, keep=max(plan_keep, len(kept) + 1))


def take_back_data(on: Ground, target: Version, chosen: Choice) -> tuple[Restored, ...]:
    """Put older data back and leave the writers stopped, for a release that is to follow at once.

    That release finds this attempt under its own version and goes on from here; if it fails, its
    way back puts the data of before back. `on` is the ground of the release that serves.

    Raises:
        ReleaseError: it failed, and this is what is in place now.
    """
    _open(on, target, failed=None)
    with on.store.held():
        restored = _guarded(on, "taking the data back", chosen)
    # This process lives on and waits for that release, whose steps would wait for it as a holder.
    on.store.write(attempt=on.store.attempt.model_copy(update={"holder": None}))
    return restored


def restore(on: Ground, chosen: Choice) -> tuple[Restored, ...]:
    """Put older data back under the release that serves, and see from outside that it serves.

    The release's own migrations and seeds run on the restored data, which may be older than them.

    Raises:
        ReleaseError: it failed, and this is what is in place now.
    """
    _open(on, Version(release=on.plan.release, image=on.plan.image), failed=BY_HAND)
    with on.store.held():
        restored = _guarded(on, "the restore", chosen, serve=True)
        attempt = on.store.attempt.model_copy(update={"failed": None, "why": ""})
        rows = sum(sum(one.tables.values()) for one in restored)
        files = ", ".join(f"{one.source} from {one.file}" for one in restored)
        now = f"{attempt.version.image} serves with the data of {files} ({rows} rows)"
        on.store.close(recorded(attempt, Result.RESTORED, now=now))
    on.context.say(f"{on.plan.app}: {now}, seen from outside")
    return restored


def put_back(on: Ground, version: Version, why: str) -> bool:
    """Undo a release that an update never came to; return whether there was something to undo.

    Raises:
        ReleaseError: the way back failed.
    """
    on.store.reload()
    attempt = on.store.journal.attempt
    if attempt is None or attempt.version != version:
        return False
    wait_for_holder(on.store, on.context)
    if on.store.journal.attempt is None:
        return False
    if attempt.failed is None:
        on.store.progress(failed=BY_HAND, why=why)
    settle(on)
    return True


def _open(on: Ground, version: Version, *, failed: str | None) -> None:
    """Open the attempt; what an earlier process left open is undone first.

    Raises:
        ReleaseError: there is nothing that serves.
    """
    with translated(f"{on.plan.app}: its journal cannot be used.", state="Nothing was changed."):
        wait_for_holder(on.store, on.context)
        if on.store.journal.attempt is not None:
            settle(on)
        found = on.swarm.service(on.plan.service)
        if found is None:
            raise ReleaseError(
                f"{on.plan.app} is not there: the Swarm has no service {on.plan.service}.",
                why="it was removed by hand, or never came up here",
                state="Nothing was changed.",
                todo="Bring the stack up first (make up), then run this again.",
            )
        on.store.write(
            attempt=Attempt(
                version=version,
                mode="offline",
                started=time.time(),
                by=me(),
                before=found["Spec"],
                failed=failed,
                why="" if failed is None else "the process at work on it was killed",
            )
        )


def _guarded(on: Ground, what: str, chosen: Choice, *, serve: bool = False) -> tuple[Restored, ...]:
    """Put the data back, and everything as it was if that fails.

    Raises:
        ReleaseError: it failed.
    """
    try:
        with translated(f"{on.plan.app}: {what} stopped.", state="See below."):
            restored = _put_in_place(on, chosen)
            if serve:
                _bring_up_to_date(on)
                _serve(on)
    except Exception as error:  # whatever it is, the way back comes first
        cause = error if isinstance(error, StepError) else unexpected(error)
        failure: ReleaseError = _go_back(on, what, cause)
        raise failure from error
    return restored


def _put_in_place(on: Ground, chosen: Choice) -> tuple[Restored, ...]:
    """Stop the writers, copy and prove what is there, and put the chosen copies into place."""
    phase = next(one for one in on.plan.phases if isinstance(one, Backup))
    wanted = {on.plan.service, *on.plan.writers}
    found = {name: on.swarm.service(name) for name in sorted(wanted)}
    writers = {name: service["Spec"] for name, service in found.items() if service is not None}
    on.store.progress(writers=writers)
    on.context.say(f"{on.plan.app}: stopping {', '.join(writers)}")
    for name in writers:
        Change(on.swarm, name, on.context).stop()
    plan = phase.plan.model_copy(update={"keep": chosen.keep})
    kept = {copy.source: copy.file for copy in _copy(on, chosen, plan=plan)}
    on.store.progress(backups=kept, done=(phase.name,), touched=True)
    return backups.restore(on.swarm, plan, chosen.copies, on.context)


def _bring_up_to_date(on: Ground) -> None:
    """Run the release's own migrations and seeds, each noted first: a way back ends its job."""
    for phase in on.plan.phases:
        if isinstance(phase, Work):
            on.store.progress(dirty=(*on.store.attempt.dirty, phase.name))
            work(phase, on)


def _copy(on: Ground, chosen: Choice, *, plan: backups.BackupPlan) -> Iterator[Copy]:
    """Yield the proven copies of what is there now.

    Raises:
        RefusedError: There is none of something that would not be replaced, or could be copied.
    """
    while plan.sources:
        try:
            taken = backups.take(on.swarm, plan, on.context)
        except RefusedError as error:
            left = tuple(one for one in plan.sources if one.name != error.source)
            replaced = error.source in chosen.copies and len(left) < len(plan.sources)
            if error.code not in _BEYOND_PROOF or not replaced:
                raise
            on.context.say(f"{error.source}: there is no copy of what is there now: {error.why}")
            plan = plan.model_copy(update={"sources": left})
            continue
        yield from (copy for copy in taken if copy.state == "proven")
        return


def _serve(on: Ground) -> None:
    """Start what was stopped, closed to everybody until it has been seen to serve."""
    attempt, name = on.store.attempt, on.plan.service
    spec, token = attempt.writers[name], secrets.token_hex(16)
    change = Change(on.swarm, name, on.context)
    change.to(sealed(spec, token), patience_s=patience_s(spec))
    verify(on.plan.verify, on.context, release=on.plan.release, token=token)
    change.to(spec, patience_s=patience_s(spec))
    for other, before in attempt.writers.items():
        if other != name:
            Change(on.swarm, other, on.context).start(before)


def _go_back(on: Ground, what: str, error: StepError) -> ReleaseError:
    """Go the way back; return the one report of it."""
    cause = on.context.redactor.hide(f"{error.what}\n{error.why}")
    on.store.progress(failed=what, why=cause)
    on.context.say(f"{on.plan.app}: {what} failed, going back")
    undone = undo(on)
    close(on, undone, todo=error.todo)
    return ReleaseError(
        f"{on.plan.app}: {what} failed: {undone.result.value}.",
        why=cause if undone.result is not Result.FATAL else f"{cause}\n{undone.why}",
        state=undone.now,
        todo=undone.todo or error.todo,
    )
