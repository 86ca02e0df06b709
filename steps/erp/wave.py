"""The phase `wave` of a release: the new image serves, and the sites follow it one batch at a time.

Going back as a whole is for as long as only the canary has been touched. From then on the release
goes forward alone: a site that fails gets its own data back and waits, closed, for the next one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from steps.erp.bench import ask, bench_job
from steps.errors import ReleaseError
from steps.scripts.answers import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steps.release.ground import Ground
    from steps.release.journal import Version
    from steps.release.plan import Wave

QUICK_S = 900.0
"""For closing all sites, or opening them again: a file of each is written."""
KEPT, REASON = 100, 400
"""Sites whose reasons the journal keeps, and characters of each: it has room for 300 KB in all."""
SHOWN = 5
"""Sites that a report tells more of than their name."""


def identity(version: Version) -> str:
    """Return what tells a wave from every other: the release, and the image that it is."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", version.release)[:40]
    return f"{name}-{version.image.rpartition(':')[2][:12]}"


def question(phase: Wave, version: Version, action: str, **more: object) -> dict[str, Any]:
    """Return what a job of the wave is asked; pure."""
    return {
        "action": action,
        "release": identity(version),
        "canary": phase.canary,
        "only_canary": False,
        "batch": phase.batch,
        "on_failure": phase.on_failure,
        "url": phase.url,
        "site_limit_s": phase.site_limit_s,
        "keep": phase.keep,
        **more,
    }


def take(
    phase: Wave, on: Ground, *, start: Callable[[], bool], seen: Callable[[], object]
) -> dict[str, object]:
    """Take the release through the sites; go on with what a killed run has left.

    Args:
        phase: the wave.
        on: the ground.
        start: brings the services to the new release; says whether there are any.
        seen: asks from outside whether the new release serves; raises when it does not.

    Raises:
        ReleaseError: the canary failed, or every site did; nobody has worked on the new release.
        StepError: the canary is not seen from outside, or a job died.
    """
    version = on.store.attempt.version
    held = _job(phase, on, question(phase, version, "hold"), limit_s=QUICK_S)
    served = start()
    if not held["sites"]:
        on.context.say(f"{on.plan.app}: there is no site yet")
        return {"sites": 0, "updated": 0, "quarantined": {}}
    url = phase.url if served else ""
    if phase.canary is not None and not on.store.attempt.forward:
        asked = question(phase, version, "run", url=url, only_canary=True)
        said = _job(phase, on, asked, limit_s=phase.timeout_s)
        if phase.canary in said["quarantined"]:
            failed = _canary_failed(on.plan.app, phase.canary, said["quarantined"][phase.canary])
            raise failed
        if served and phase.canary in said["updated"]:
            seen()
    on.store.progress(forward=True)
    said = _job(phase, on, question(phase, version, "run", url=url), limit_s=phase.timeout_s)
    quarantined = kept(said["quarantined"])
    if quarantined and said["goes_back"]:
        on.store.progress(forward=False)
        raise ReleaseError(
            f"{on.plan.app}: no site could be migrated.",
            why=shown(quarantined),
            state="Every site has its data of before; the old image comes back.",
            todo="Correct the migration and release again.",
        )
    on.store.progress(quarantined=quarantined)
    on.context.say(
        f"{on.plan.app}: {len(said['updated'])} of {said['sites']} sites updated"
        + (f", {len(quarantined)} in quarantine" if quarantined else "")
    )
    return {"sites": said["sites"], "updated": len(said["updated"]), "quarantined": quarantined}


def abandon(phase: Wave, version: Version, on: Ground) -> str:
    """Restore what was migrated and open all sites again; return that in words.

    Raises:
        StepError: it could not be done.
    """
    said = _job(phase, on, question(phase, version, "abandon"), limit_s=phase.timeout_s)
    return f"all {said['sites']} sites have their data of before and are open again"


def report(app: str, release: str, quarantined: Mapping[str, str]) -> ReleaseError:
    """Return the report of a release that serves, but not for every site; pure."""
    count = len(quarantined)
    sites = "site is" if count == 1 else "sites are"
    return ReleaseError(
        f"{app}: release {release} serves, but {count} {sites} in quarantine.",
        why=shown(quarantined),
        state="Each is closed to its users, with its data of before; all other sites are updated.",
        todo="Correct the migration or the site's data and release again: they are tried anew.",
    )


def kept(quarantined: Mapping[str, str]) -> dict[str, str]:
    """Return every site with the end of its reason, few enough for the journal; pure."""
    names = sorted(quarantined)
    told = {name: quarantined[name][-REASON:] for name in names[:KEPT]}
    return {**told, **dict.fromkeys(names[KEPT:], "")}


def shown(quarantined: Mapping[str, str]) -> str:
    """Return sites and reasons in few lines: the last words of each reason; pure."""
    names = sorted(quarantined)
    lines = []
    for name in names[:SHOWN]:
        said = [line.strip() for line in quarantined[name].splitlines() if line.strip()]
        lines.append(f"{name}: {' | '.join(said[-3:])}")
    if len(names) > SHOWN:
        lines.append(f"and {len(names) - SHOWN} more: {', '.join(names[SHOWN:])}")
    return "\n".join(lines)


def _canary_failed(app: str, canary: str, reason: str) -> ReleaseError:
    return ReleaseError(
        f"{app}: the canary {canary} could not be migrated.",
        why=shown({canary: reason}),
        state="No other site was migrated.",
        todo="Correct the migration or the site's data and release again.",
    )


def _job(phase: Wave, on: Ground, asked: Mapping[str, Any], *, limit_s: float) -> dict[str, Any]:
    job = bench_job(
        phase.bench, phase.root_password_secret, copies=phase.copies, question=packed(asked)
    )
    what = f"{on.plan.app}: wave, {asked['action']}"
    return ask(on.swarm, job, on.context, what=what, limit_s=limit_s)
