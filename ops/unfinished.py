"""What the journals hold open and the engine does not know of, put right around an update.

Before: a restore or rollback by hand that was killed. To the engine nothing has changed, so no
step of the release runs that could find the attempt, and the stopped service would start on
half-restored data. After: a release that failed and was given up. The engine runs only those
steps again that the failed one had run, so the last one, which closes the attempt, does not.
"""

import sys

from ops.applications import applications
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.plans import deployed, ground
from ops.releases import journal_of
from steps.context import Context
from steps.docker_host import connect
from steps.errors import ReleaseError
from steps.library_errors import translated
from steps.release.advance import settle
from steps.release.journal import Attempt, Journal, Version
from steps.release.store import Store
from steps.release.work_in_progress import at_work, wait_for_holder
from steps.swarm import Swarm


def take_back_unfinished(engine: Engine) -> None:
    """Undo what is open in a journal and is not what the stack file wants next."""
    for application in applications(estate_of(engine)):
        attempt = journal_of(application).attempt
        wanted = application.wanted
        following = Version(release=wanted.release, image=wanted.image)
        if attempt is None or not is_in_the_way(attempt, following):
            continue
        try:
            of = deployed(engine).get(application.name)
            if of is None:
                continue  # a first release, which its own next step finishes or undoes
            with ground(of) as on:
                wait_for_holder(on.store, on.context)
                if on.store.journal.attempt is not None:
                    settle(on)
        except (OpsError, ReleaseError) as error:
            # A corrected stack file may be what the way back needs: the release tries it again.
            sys.stderr.write(f"{error}\n")


def close_idle(engine: Engine) -> None:
    """Close attempts of the release that serves, after an update that went through."""
    for application in applications(estate_of(engine)):
        what = f"The journal of {application.name} cannot be used."
        with (
            connect(application.docker, Context()) as client,
            translated(what, state="The update itself went through."),
        ):
            store = Store(Swarm(client), application.name)
            if is_idle(store.journal):
                store.write(attempt=None)


def is_idle(journal: Journal) -> bool:
    """Whether an attempt is open that has nothing left to do.

    Only an attempt of the serving release that stopped no writer can be one after an update that
    went through: whatever it was to do, its steps have done.
    """
    attempt = journal.attempt
    return (
        attempt is not None
        and attempt.version == journal.serving
        and attempt.failed is None
        and not attempt.writers
        and at_work(attempt) is None
    )


def is_in_the_way(attempt: Attempt, following: Version) -> bool:
    """Whether the release that follows would not go on from this attempt; pure."""
    return attempt.version != following or attempt.failed is not None
