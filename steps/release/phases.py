"""What each phase of a release does."""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from steps import backups, convex_deploy
from steps.backups.jobs import job_name
from steps.erp import wave
from steps.errors import DockerError, HalfAppliedError, JobError, JobTimeoutError, StepError
from steps.inputs import JobInput
from steps.job import JobRun, secret_files
from steps.prisma import failed_migration
from steps.release import on_copy
from steps.release.change import Change
from steps.release.plan import Backup, Functions, Switch, Wave, Work
from steps.release.seal import sealed
from steps.release.service import aligned, spec_of
from steps.release.trial import needs_trial, try_out
from steps.release.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steps.inputs import Job
    from steps.release.ground import Ground
    from steps.release.plan import Phase
    from steps.release.service import ServiceInput

_QUICK_S = 120.0
HALF_APPLIED = 3
"""What a `resolve` command ends with when a part of the migration may have stayed."""
NOT_THERE = 4
"""What it ends with when its image does not hold the migration."""
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
"""A name that no shell could misread."""


def carry_out(phase: Phase, on: Ground) -> dict[str, object]:
    """Do one phase; return what it has to say.

    Raises:
        StepError: it failed.
    """
    if isinstance(phase, Backup):
        return back_up(phase, on)
    if isinstance(phase, Work):
        return work(phase, on)
    if isinstance(phase, Functions):
        return publish(phase, on)
    if isinstance(phase, Switch):
        return switch(phase, on)
    if isinstance(phase, Wave):
        return wave.take(phase, on, start=partial(_start, phase, on), seen=partial(_ask, on))
    return confirm(on)


def back_up(phase: Backup, on: Ground) -> dict[str, object]:
    """Take a proven copy of each source, and note in the journal which."""
    if phase.of is not None and on.swarm.service(phase.of) is None:
        on.context.say(f"{phase.of} is not there yet: nothing to copy")
        return {"copies": []}
    taken = backups.take(on.swarm, phase.plan, on.context)
    kept = {copy.source: copy.file for copy in taken if copy.state == "proven"}
    on.store.progress(backups=kept)
    return {"copies": [copy.model_dump(mode="json") for copy in taken]}


def rehearse(phase: Backup, on: Ground) -> None:
    """Make and prove the backup while everything still serves, and keep nothing of it.

    Raises:
        StepError: it cannot be made.
    """
    on.context.say(f"{on.plan.app}: rehearsing the backup before anything is stopped")
    backups.rehearse(on.swarm, phase.plan, on.context)


def work(phase: Work, on: Ground) -> dict[str, object]:
    """Run a program once on the new image.

    A migration that an earlier run left marked as failed blocks all others; when nothing of it
    has stayed, the mark is cleared and the migration tried once more. One that fails now has its
    mark cleared too, unless the way back restores the data, and the mark of before with it.

    What has something to try is tried on a copy of the data first.

    Raises:
        JobError: it failed.
        JobTimeoutError: it took too long.
        HalfAppliedError: it failed, and a part of it may have stayed.
    """
    copy = on_copy.found(phase, on)
    if copy is not None:
        try:
            return _run(phase, on)
        except JobError as error:
            if error.ended_with != on_copy.TO_BE_TRIED:
                raise
        with on_copy.served(phase, on, copy) as tried:
            _run_on_copy(tried, on)
    return _run(on_copy.as_tried(phase), on)


def _run_on_copy(phase: Work, on: Ground) -> None:
    try:
        _run(phase, on, live=False)
    except StepError as error:
        error.on_copy = True
        raise


def _run(phase: Work, on: Ground, *, live: bool = True) -> dict[str, object]:
    """Run a program, and deal with the mark of a migration that failed.

    Args:
        phase: whose program.
        on: the ground.
        live: whether it works on the data; a copy is thrown away, whatever is left in it.

    Raises:
        JobError: as for `work`, and so the others.
        JobTimeoutError: see there.
        HalfAppliedError: see there.
    """
    try:
        return run_job(phase, phase.job, on)
    except (JobError, JobTimeoutError) as error:
        name = failed_migration(error.log)
        if phase.resolve is None or name is None or not _PLAIN.fullmatch(name):
            raise
        if "P3009" in error.log:
            tried = (one.version.image for one in reversed(on.store.journal.history))
            _clear_mark(phase, name, on, images=(phase.job.image, *tried))
            on.context.say(f"{phase.what}: an earlier run had left {name} unfinished; trying again")
            return run_job(phase, phase.job, on)
        if live and on.plan.mode == "online":
            _clear_own_mark(phase, name, on, error)
        error.todo = f"Correct migration {name} and release again: nothing of it is left."
        raise


def _clear_own_mark(phase: Work, name: str, on: Ground, error: JobError | JobTimeoutError) -> None:
    """Clear the mark of a migration that has failed just now.

    Raises:
        JobError: the migration's own failure; that its mark has stayed is said besides.
        JobTimeoutError: as above.
    """
    try:
        _clear_mark(phase, name, on, images=(phase.job.image,))
    except (JobError, JobTimeoutError) as other:
        on.context.say(f"the mark of {name} has stayed: {other.what} {other.why}")
        error.todo = (
            f"Correct migration {name} and release again: its mark as failed has stayed, and the "
            "next release clears it."
        )
        raise error from other


def run_job(phase: Work, job: Job, on: Ground) -> dict[str, object]:
    """Run a job of a phase to its end."""
    given = JobInput(
        docker=on.plan.docker,
        job=job,
        timeout_s=phase.timeout_s,
        what=phase.what,
        secret_files=phase.secret_files,
    )
    files = secret_files(given, on.context.secrets)
    run = JobRun(on.swarm, job, on.context, timeout_s=phase.timeout_s, what=phase.what)
    outcome = run.run(files)
    on.context.say(f"{phase.what}: done in {outcome.seconds} s")
    return {"job": job.name, "seconds": outcome.seconds}


def publish(phase: Functions, on: Ground) -> dict[str, object]:
    """Publish Convex functions from the new image."""
    return convex_deploy.run(phase, on.context)


def publish_from(phase: Functions, image: str, on: Ground) -> None:
    """Publish the functions of another image; the way back."""
    job = phase.job.model_copy(update={"image": image})
    convex_deploy.run(phase.model_copy(update={"job": job}), on.context)


def switch(phase: Switch, on: Ground) -> dict[str, object]:
    """Bring the service to the new release, and ask from outside whether it serves.

    Raises:
        StepError: it does not.
    """
    change = Change(on.swarm, phase.service.name, on.context)
    found = change.current()
    if found is None:
        on.context.say(f"{phase.service.name}: first release, there is nothing to switch from")
        return {"first": True}
    spec, patience_s = (
        aligned(wanted_spec(phase.service, on), found["Spec"]),
        phase.service.patience_s,
    )
    if not on.store.attempt.writers:
        if needs_trial(phase, found["Spec"], spec):
            try_out(spec, on.swarm, on.plan, on.context, patience_s=patience_s)
        change.to(spec, patience_s=patience_s)
        return {"first": False, **_ask(on)}
    token = secrets.token_hex(16)
    change.to(sealed(spec, token), patience_s=patience_s)
    asked = _ask(on, token)
    change.to(spec, patience_s=patience_s)
    for name, before in on.store.attempt.writers.items():
        if name != phase.service.name:
            Change(on.swarm, name, on.context).start(before)
    return {"first": False, **asked}


def _start(phase: Wave, on: Ground) -> bool:
    """Bring the services that answer requests to the new release; return whether there are any."""
    changes = [(Change(on.swarm, one.name, on.context), one) for one in phase.services]
    there = [(change, one, found) for change, one in changes if (found := change.current())]
    for change, one, found in there:
        change.to(aligned(wanted_spec(one, on), found["Spec"]), patience_s=one.patience_s)
    return bool(there)


def confirm(on: Ground) -> dict[str, object]:
    """Ask from outside once more, now that the release is recorded everywhere."""
    return _ask(on)


def _ask(on: Ground, token: str | None = None) -> dict[str, object]:
    return verify(on.plan.verify, on.context, release=on.plan.release, token=token)


def wanted_spec(service: ServiceInput, on: Ground) -> dict[str, Any]:
    """Return the specification of the new release, with the ids of this Swarm.

    Raises:
        DockerError: a network or secret does not exist.
    """
    networks, known = on.swarm.network_ids(), on.swarm.secret_ids()
    missing = {one.name for one in service.networks} - networks.keys()
    missing |= {one.name for one in service.secrets} - known.keys()
    if missing:
        raise DockerError(
            f"{service.name} needs what the Swarm does not have.",
            why=f"missing: {', '.join(sorted(missing))}",
            state="The service was not touched.",
            todo="Run the update again: it declares networks and secrets before the switch.",
        )
    return spec_of(service, networks=networks, secrets=known)


def _clear_mark(phase: Work, name: str, on: Ground, *, images: Iterable[str]) -> None:
    """Clear the mark of a failed migration that left nothing behind.

    Args:
        phase: whose migration it is.
        name: of the migration.
        on: the ground.
        images: in one of these the migration lies, most likely in the first.

    Raises:
        JobError: the mark could not be cleared.
        HalfAppliedError: a part of it may have stayed.
    """
    why = "no image that is known holds it, so nobody can tell what it did before it failed"
    for image in dict.fromkeys(images):
        try:
            _resolve(phase, name, on, image)
        except JobError as error:
            if error.ended_with == NOT_THERE:
                continue
            if error.ended_with != HALF_APPLIED:
                raise
            why = "it ends a transaction by itself, so the database could not undo it as a whole"
            break
        return
    raise HalfAppliedError(
        f"{phase.what}: {name} failed half-way and may have left a part of itself.",
        why=why,
        state="The old release serves on the schema as it is now.",
        todo="Restore the backup of this release (make restore), or repair the schema by hand "
        f"and run in the application: prisma migrate resolve --rolled-back {name}",
    )


def _resolve(phase: Work, name: str, on: Ground, image: str) -> None:
    job = phase.job.model_copy(
        update={
            "name": job_name(phase.job.name, "-resolve"),
            "image": image,
            "command": phase.resolve,
            "env": {**phase.job.env, "MIGRATION": name},
        }
    )
    what = f"clearing the mark of {name}"
    JobRun(on.swarm, job, on.context, timeout_s=_QUICK_S, what=what).run()
