"""The way back: what a release has changed is put back, and the old one is seen to serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steps import backups
from steps.erp import wave
from steps.errors import StepError, WebError
from steps.job_removal import remove
from steps.job_spec import JOB_LABEL
from steps.library_errors import translated
from steps.release import on_copy as migration_copy
from steps.release import trial
from steps.release.change import Change
from steps.release.journal import Result
from steps.release.phases import publish_from
from steps.release.plan import Backup, Functions, Wave
from steps.release.verify import verify

if TYPE_CHECKING:
    from steps.release.ground import Ground
    from steps.release.journal import Attempt


_ON_COPY = "the migration ran on a copy alone, the data was left as it was"
_HALF = "a part of the failed migration may be in its data"


@dataclass(frozen=True, kw_only=True)
class Undone:
    """How the way back ended.

    Attributes:
        result: the final word.
        now: what is in place.
        why: why the way back failed.
        todo: what a person does next; empty when the failure's own advice holds.
    """

    result: Result
    now: str
    why: str = ""
    todo: str = ""


def undo(on: Ground, *, half: bool = False, on_copy: bool = False) -> Undone:
    """Put back what the attempt has changed; may be run again after a kill.

    Args:
        on: the ground.
        half: whether a part of a migration may have stayed; of no matter when data is restored.
        on_copy: whether what failed ran on a copy of the data.
    """
    attempt = on.store.attempt
    if attempt.forward:
        return Undone(
            result=Result.PARTLY,
            now=f"Sites serve {attempt.version.release} already: it stays, and nothing goes back.",
        )
    half = half and attempt.mode == "online"
    if not attempt.dirty and not attempt.writers:
        serving = "the old release serves as before" if attempt.before else "nothing runs yet"
        return Undone(result=Result.REFUSED, now=f"Nothing was changed; {serving}.")
    try:
        with translated(f"{on.plan.app}: the way back stopped.", state="See below."):
            _end_jobs(attempt, on)
            data = _HALF if half else _ON_COPY if on_copy else _data_back(attempt, on)
            if attempt.before is None:
                return Undone(
                    result=Result.UNDONE,
                    now=f"There was no earlier release, so nothing serves; {data}.",
                )
            _publish_old(attempt, on)
            _start_old(attempt, on)
            try:
                asked = _verify_old(on)
            except WebError as error:
                return Undone(
                    result=Result.FATAL,
                    now=f"{_image(attempt)} runs again, but is not seen from outside; {data}.",
                    why=f"seen from outside: {error.why}",
                    todo="Look in front of it too: edge, certificate, DNS record. Then run the "
                    "update again: the old release is asked first.",
                )
    except StepError as error:
        return Undone(
            result=Result.FATAL,
            now="The way back did not get through; what runs is unknown.",
            why=f"way back: {error.what}\n{error.why}",
            todo="Correct that cause and run the update again: the way back is tried first.",
        )
    moved = attempt.writers or attempt.switched
    serves = "serves again" if moved else "still serves"
    result = Result.HALF if half else Result.RECOVERED
    return Undone(result=result, now=f"{_image(attempt)} {serves}, {asked}; {data}.")


def _end_jobs(attempt: Attempt, on: Ground) -> None:
    """End what a killed run left going: it would change the data behind the way back."""
    trial.end(on.swarm, on.plan.service, on.context)
    for phase in attempt.dirty:
        name = f"{on.plan.app}_{phase}"
        migration_copy.end(name, on)
        job = on.swarm.service(name)
        if job is not None and JOB_LABEL in (job["Spec"].get("Labels") or {}):
            state = on.swarm.task_state(str(job["ID"]))
            if state is not None and not state.final:
                remove(on.swarm, str(job["ID"]), name, on.context)


def _data_back(attempt: Attempt, on: Ground) -> str:
    """Put back data that was changed; a wave knows which of its sites that is."""
    for phase in on.plan.phases:
        if isinstance(phase, Wave) and phase.name in attempt.dirty:
            return wave.abandon(phase, attempt.version, on)
    return _restore(attempt, on)


def _restore(attempt: Attempt, on: Ground) -> str:
    """Restore the data when nothing could write since its backup; return what was done to it."""
    if attempt.mode == "online":
        return "the data was left alone, the old release lives with the new schema"
    if not attempt.touched or not attempt.writers:
        return "the data was not touched"
    for phase in on.plan.phases:
        if isinstance(phase, Backup) and attempt.backups:
            for name in attempt.writers:
                Change(on.swarm, name, on.context).stop()
            restored = backups.restore(on.swarm, phase.plan, attempt.backups, on.context)
            rows = sum(sum(one.tables.values()) for one in restored)
            return f"the data of before is back ({rows} rows)"
    return "there was no data to put back"


def _publish_old(attempt: Attempt, on: Ground) -> None:
    """Publish the old image's functions again, if the new ones were."""
    for phase in on.plan.phases:
        if isinstance(phase, Functions) and attempt.published:
            publish_from(phase, _image(attempt), on)


def _start_old(attempt: Attempt, on: Ground) -> None:
    """Bring every service back to what it was."""
    before = attempt.before or {}
    for name, spec in {**attempt.writers, on.plan.service: before}.items():
        Change(on.swarm, name, on.context).to(spec, patience_s=patience_s(spec))


def _verify_old(on: Ground) -> str:
    """See from outside that the old release serves; return that in words."""
    asked = verify(on.plan.verify, on.context, release=None)
    return f"seen from outside after {asked['seconds']} s"


def _image(attempt: Attempt) -> str:
    spec = attempt.before or {}
    return str(spec["TaskTemplate"]["ContainerSpec"]["Image"])


def patience_s(spec: dict[str, Any]) -> float:
    """Return the seconds in which a task of a specification has to become healthy."""
    container = spec["TaskTemplate"]["ContainerSpec"]
    check = container.get("Healthcheck") or {}
    once = check.get("Interval", 0) + check.get("Timeout", 0)
    nanoseconds = check.get("StartPeriod", 0) + check.get("Retries", 3) * once
    return float(nanoseconds + container.get("StopGracePeriod", 0)) / 1e9
