"""Brings a release forward to one of its phases; finishes or undoes what a killed run left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from steps.erp import wave
from steps.errors import HalfAppliedError, ReleaseError, StepError, unexpected
from steps.library_errors import translated
from steps.release.change import Change
from steps.release.journal import Attempt, Result, Version, me, recorded
from steps.release.phases import carry_out, rehearse
from steps.release.plan import Backup, Commit, Switch, Wave
from steps.release.verify import refuse_expired
from steps.release.way_back import Undone, undo
from steps.release.work_in_progress import is_reachable, wait_for_holder

if TYPE_CHECKING:
    from steps.release.ground import Ground
    from steps.release.plan import Phase


def advance(on: Ground) -> dict[str, object]:
    """Do what is missing up to the plan's last phase.

    Raises:
        ReleaseError: a phase failed, and this is what was put back; or another process is at
            work on a release of the same application.
    """
    wait_for_holder(on.store, on.context)
    _settle_other(on)
    _begin(on)
    with on.store.held():
        said: dict[str, object] = {}
        last = on.plan.phases[-1]
        for phase in on.plan.phases:
            # The engine asks for the last one, whatever the journal says; but a second backup
            # would be one of data that the release has changed already.
            changed = on.store.attempt.touched or on.store.attempt.dirty
            asked_for = phase is last and not (phase.kind == "backup" and changed)
            if phase.name in on.store.attempt.done and not asked_for:
                continue
            try:
                said = _attempt_phase(phase, on)
            except Exception as error:  # whatever it is, the way back comes first
                cause = error if isinstance(error, StepError) else unexpected(error)
                back = is_reachable(on) and not on.store.attempt.forward
                failed: ReleaseError = (_failed if back else _interrupted)(phase, cause, on)
                raise failed from error
        if isinstance(last, Commit):
            _commit(on)
        return said


def _attempt_phase(phase: Phase, on: Ground) -> dict[str, object]:
    attempt = on.store.attempt
    if attempt.before and not attempt.dirty and not attempt.writers:
        refuse_expired(on.plan.verify, on.context)
    if on.store.attempt.mode == "offline" and not isinstance(phase, Switch | Commit):
        _stop_writers(phase, on)
    attempt = on.store.attempt
    if phase.kind not in {"backup", "commit"} and phase.name not in attempt.dirty:
        on.store.progress(
            dirty=(*attempt.dirty, phase.name),
            touched=attempt.touched or phase.kind in {"job", "switch"},
            switched=attempt.switched or phase.kind == "switch",
            published=attempt.published or phase.kind == "functions",
        )
    with translated(f"{on.plan.app}: {phase.name} stopped.", state="See below."):
        said = carry_out(phase, on)
    attempt = on.store.attempt
    if phase.name not in attempt.done:
        on.store.progress(done=(*attempt.done, phase.name))
    return said


def _begin(on: Ground) -> None:
    """Open the release in the journal; only once."""
    store, plan = on.store, on.plan
    version = Version(release=plan.release, image=plan.image)
    if store.journal.attempt is None:
        # A change of settings alone is a release too, but its data phases hold already.
        known = store.journal.phases if store.journal.serving == version else ()
        found = on.swarm.service(plan.service)
        store.write(
            attempt=Attempt(
                version=version,
                mode=plan.mode,
                started=time.time(),
                by=me(),
                done=known,
                before=found["Spec"] if found else None,
            )
        )


def _stop_writers(phase: Phase, on: Ground) -> None:
    """Stop the services that write before the first work on data, and remember what they were.

    Not before a backup of the data has been seen to succeed: a full disk shall cost nobody a
    second. The backup itself comes after the stop, so that it has all that was written.
    """
    attempt = on.store.attempt
    # Once a wave has begun, some of them serve sites that are through with it.
    if phase.name in attempt.done or (isinstance(phase, Wave) and phase.name in attempt.dirty):
        return
    found = {name: on.swarm.service(name) for name in on.plan.writers}
    writers = {
        name: service["Spec"]
        for name, service in found.items()
        if service is not None and name not in attempt.writers
    }
    if writers:
        if isinstance(phase, Backup):
            rehearse(phase, on)
        on.store.progress(writers={**attempt.writers, **writers})
        on.context.say(f"{on.plan.app}: stopping {', '.join(writers)} for the migration")
    for name in on.store.attempt.writers:
        Change(on.swarm, name, on.context).stop()


def _settle_other(on: Ground) -> None:
    """Undo a release that was killed, when another one is wanted now, or its way back had begun."""
    attempt = on.store.journal.attempt
    if attempt is None:
        return
    version = Version(release=on.plan.release, image=on.plan.image)
    if attempt.version != version or attempt.failed is not None:
        settle(on)


def settle(on: Ground) -> None:
    """Undo the release that was interrupted.

    Raises:
        ReleaseError: the way back failed.
    """
    attempt = on.store.attempt
    on.context.say(
        f"{on.plan.app}: release {attempt.version.release} was interrupted and is undone first"
    )
    if attempt.forward:
        _start_writers(attempt, on)
    if attempt.failed is None:
        on.store.progress(failed="(interrupted)", why="the process at work on it was killed")
    with on.store.held():
        undone = undo(on)
        close(on, undone)
    if undone.result is Result.FATAL:
        raise ReleaseError(
            f"{on.plan.app}: the way back of release {attempt.version.release} failed again.",
            why=undone.why,
            state=undone.now,
            todo=undone.todo,
        )


def _start_writers(attempt: Attempt, on: Ground) -> None:
    """Start what a wave has left stopped, on the image that serves: none may stay forgotten."""
    for name, before in attempt.writers.items():
        task = before["TaskTemplate"]
        container = {**task["ContainerSpec"], "Image": attempt.version.image}
        spec = {**before, "TaskTemplate": {**task, "ContainerSpec": container}}
        Change(on.swarm, name, on.context).start(spec)


def _interrupted(phase: Phase, error: StepError, on: Ground) -> ReleaseError:
    """Return the report of a release that can go neither on nor back for now."""
    cause = on.context.redactor.hide(f"{error.what}\n{error.why}")
    if on.store.attempt.forward:
        return ReleaseError(
            f"{on.plan.app}: release {on.plan.release} was interrupted at {phase.name}.",
            why=cause,
            state="Sites serve it already, so it does not go back; the others are closed.",
            todo="See to the cause and run the update again: it goes on where it stopped.",
        )
    return ReleaseError(
        f"{on.plan.app}: release {on.plan.release} was interrupted at {phase.name}.",
        why=cause,
        state="It is as far as it came: the host cannot be reached, neither to go on nor back.",
        todo="Make the host reachable and run the update again: it ends the release, or undoes it.",
    )


def _failed(phase: Phase, error: StepError, on: Ground) -> ReleaseError:
    """Go the way back; return the one report of it."""
    cause = on.context.redactor.hide(f"{error.what}\n{error.why}")
    on.store.progress(failed=phase.name, why=cause)
    on.context.say(f"{on.plan.app}: {phase.name} failed, going back")
    undone = undo(on, half=isinstance(error, HalfAppliedError), on_copy=error.on_copy)
    close(on, undone, todo=error.todo)
    why = cause if undone.result is not Result.FATAL else f"{cause}\n{undone.why}"
    return ReleaseError(
        f"{on.plan.app}: release {on.plan.release} failed at {phase.name}: {undone.result.value}.",
        why=why,
        state=undone.now,
        todo=undone.todo or error.todo,
    )


def close(on: Ground, undone: Undone, *, todo: str = "") -> None:
    """Write down how an attempt ended; after a failed way back it stays open."""
    record = recorded(on.store.attempt, undone.result, now=undone.now, todo=undone.todo or todo)
    if undone.result is Result.FATAL:
        on.store.write(history=(*on.store.journal.history, record))
        return
    on.store.close(record)


def _commit(on: Ground) -> None:
    """Write the release down.

    Raises:
        ReleaseError: it serves, but sites are in quarantine; said once, and then no more.
    """
    attempt = on.store.attempt
    held = attempt.quarantined
    result = Result.PARTLY if held else Result.RELEASED
    record = recorded(attempt, result, now=f"{attempt.version.image} serves")
    # Switch and commit are gone through by every change of the service, so they are not kept.
    passing = {phase.name for phase in on.plan.phases if isinstance(phase, Switch | Commit)}
    done = tuple(name for name in attempt.done if name not in passing)
    on.store.close(record, serving=attempt.version, phases=done)
    on.context.say(
        f"{on.plan.app}: release {attempt.version.release} serves, seen from outside, "
        f"{record.seconds:.0f} s after its first phase"
    )
    if held:
        told = wave.report(on.plan.app, attempt.version.release, held)
        raise told
