"""Goes back to an earlier release by a person's wish, if wanted with the data of before."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ops.applications import named
from ops.backups import catalog, told
from ops.confirm import confirm
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.plans import Deployed, chosen, ground
from ops.release_setting import ReleaseSetting
from ops.releases import digest
from ops.stacks import made
from ops.up import apply, prepare
from steps.backups import Copy
from steps.release.by_hand import choice, put_back, take_back_data
from steps.release.journal import Journal, Record, Result, Version
from steps.release.plan import Wave

EXIT_NO_PREVIOUS = 9
"""So that a program can tell "there is nothing to go back to" from "the way back failed"."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Where a person wants to go back to.

    Attributes:
        to: the release, or None for the one before the one that serves.
        with_data: whether the data become those of before the release that is undone.
    """

    to: str | None = None
    with_data: bool = False


def rollback(stack: str, app: str | None, wish: Wish, *, dry: bool, force: bool) -> int:
    """Go back to an earlier release; return 0 when it serves, seen from outside.

    Args:
        stack: its name.
        app: whose release.
        wish: where to.
        dry: only show what would be done.
        force: do not ask.

    Raises:
        OpsError: nothing was done, or it failed and this is what is in place.
    """
    engine = made(stack)
    of = chosen(engine, app)
    refuse_waves(of)
    with ground(of) as on:
        journal = on.store.journal
    target = goal(journal, of.plan.app, wish.to)
    kept = catalog(of) if wish.with_data else ()
    copies = data_before(journal, target, kept, of.plan.app) if wish.with_data else ()
    sys.stdout.write(shown(journal, target, copies, of, stack=stack))
    if dry:
        return 0
    confirm(of.plan.app, force=force)
    prepare(engine)
    if copies:
        wanted = choice({one.source: one.file for one in copies}, of.backup.plan.keep, kept)
        with ground(of) as on:
            take_back_data(on, target.version, wanted)
    return _release(engine, of, target.version, journal)


def refuse_waves(of: Deployed) -> None:
    """Refuse to take many customers back at once; pure.

    Raises:
        OpsError: it is released in waves: its customers have worked on newer data since, which
            older code must not migrate.
    """
    if any(isinstance(phase, Wave) for phase in of.plan.phases):
        raise OpsError(
            f"{of.plan.app} goes forward only: customers work on the data of the release that "
            "serves, and older code must never migrate newer data; nothing was changed",
            todo="release a corrected image; one customer's data: make site-restore TENANT=… "
            "FROM=… (docs/erp.md)",
        )


def _release(engine: Engine, of: Deployed, version: Version, before: Journal) -> int:
    """Have the stack file name the version and bring the stack up.

    Raises:
        OpsError: it failed; the stack file and what serves are as before.
        KeyboardInterrupt: a person stopped it.
    """
    setting = ReleaseSetting.of(engine, named(estate_of(engine), of.plan.app))
    code = 1
    try:
        setting.name(version)
        code = apply(engine)
    except OpsError as error:
        sys.stderr.write(f"{error}\n")
    except KeyboardInterrupt:
        todo = f"make up STACK={engine.stack} goes on with the rollback"
        sys.stderr.write(f"interrupted; {todo}\n")
        raise
    with ground(of) as on:
        serves = on.store.journal.serving == version and on.store.journal.attempt is None
        if not serves:
            put_back(on, version, "the update failed before it came to this release")
        ends = [one for one in on.store.journal.history if one not in before.history]
    if serves and not code:
        sys.stdout.write(f"{of.plan.app} is back at {version.release}, seen from outside\n")
        return 0
    if serves:
        raise OpsError(
            f"{of.plan.app} is back at {version.release}, but the rest of the update failed",
            todo=f"correct what is named above, then make up STACK={engine.stack}",
            exit_code=code,
        )
    setting.put_back()
    failure: OpsError = _failed(ends, of.plan.app, version, code=code or 1)
    raise failure


def _failed(ended: Sequence[Record], app: str, version: Version, *, code: int) -> OpsError:
    """Return what a person has to know of a rollback that failed."""
    own = [one for one in ended if one.version == version]
    last = own[-1] if own else None
    now = last.now if last else f"{app} was not touched"
    why = f"\nwhy: {last.why}" if last and last.why else ""
    result = last.result.value if last else Result.REFUSED.value
    return OpsError(
        f"the rollback of {app} to {version.release} failed: {result}{why}\nnow: {now}; the stack "
        "file is as it was",
        todo=(last.todo if last else "") or "correct the cause named above, then run it again",
        exit_code=code,
    )


def goal(journal: Journal, app: str, to: str | None) -> Record:
    """Return the release to go back to; pure.

    Raises:
        OpsError: there is none, or not that one.
    """
    serving = journal.serving
    released = [one for one in journal.history if one.result is Result.RELEASED]
    others = [one for one in released if one.version != serving]
    if serving is None or not others:
        what = "nothing was ever released" if serving is None else f"{serving.release} is its first"
        raise OpsError(
            f"{app} has no previous release: {what}; nothing was changed",
            todo="correct the application and release it: make releases shows what there was",
            exit_code=EXIT_NO_PREVIOUS,
        )
    if to is None:
        return others[-1]
    found = [one for one in others if _is_called(one.version, to)]
    versions = {one.version for one in found}
    if len(versions) == 1:
        return found[-1]
    if not versions and _is_called(serving, to):
        raise OpsError(f"{app} is at {to} already; nothing was changed", todo="name another one")
    known = ", ".join(dict.fromkeys(one.version.release for one in reversed(others)))
    what = "fits several releases" if versions else "was never released"
    raise OpsError(f"{to} {what} of {app}; nothing was changed", todo=f"name one of: {known}")


def _is_called(version: Version, name: str) -> bool:
    return version.release.startswith(name) or digest(version.image).startswith(name)


def data_before(
    journal: Journal, target: Record, kept: Sequence[Copy], app: str
) -> tuple[Copy, ...]:
    """Return the copies made before the release that followed the target replaced it; pure.

    Raises:
        OpsError: none were made, or they are no longer kept.
    """
    released = [one for one in journal.history if one.result is Result.RELEASED]
    last = max(at for at, one in enumerate(released) if one.version == target.version)
    followed = released[last + 1 :]
    files = followed[0].backups if followed else {}
    there = {(copy.source, copy.file): copy for copy in kept}
    found = [there.get(pair) for pair in files.items()]
    copies = tuple(copy for copy in found if copy is not None)
    if files and len(copies) == len(files):
        return copies
    gone = ", ".join(f"{source} {file}" for source, file in files.items()) or "none was made"
    raise OpsError(
        f"the data of before {app} left {target.version.release} cannot be taken back: the copies "
        f"are not kept any more ({gone}); nothing was changed",
        todo="go back without DATA=1, or choose another copy: make backups, then make restore",
    )


def shown(
    journal: Journal, target: Record, copies: Sequence[Copy], of: Deployed, *, stack: str
) -> str:
    """Return what a rollback would do, for people; pure."""
    now = journal.serving
    lines = [
        f"rollback of {of.plan.app} on stack {stack}:",
        f"  now       {now.image if now else '-'} (release {now.release if now else '-'})",
        f"  then      {target.version.image} (release {target.version.release}, of {target.at})",
    ]
    if copies:
        lines += ["data of before:", *told(copies, of)]
    else:
        lines += [
            "  data      kept as it is, with what newer migrations have made of it",
            "            (DATA=1 takes back the data of before)",
            f"  absence   {of.words or 'as in any release'}",
        ]
    return "\n".join([*lines, ""])
