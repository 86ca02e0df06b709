"""Another process at work on a release of the same application: waited for, or named."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from steps.context import Waiting
from steps.errors import ReleaseError, StepError
from steps.library_errors import translated
from steps.release.store import is_fresh

if TYPE_CHECKING:
    from steps.context import Context
    from steps.release.ground import Ground
    from steps.release.journal import Attempt, Holder
    from steps.release.store import Store

POLL_S = 1.0
RETURN_S = 60.0
"""A restarted daemon answers after some 10 s; a cut ssh connection does not come back (guess)."""
LIMIT_S = 900.0
"""As long as the longest job may take."""


def wait_for_holder(store: Store, context: Context) -> None:
    """Wait until a process of this machine has ended that outlived its engine.

    Raises:
        ReleaseError: a process of another machine is at work, or this machine's does not end.
    """
    waiting = Waiting(context, "release")
    while (seen := at_work(store.journal.attempt)) is not None:
        elsewhere = seen.host != socket.gethostname()
        if elsewhere or waiting.seconds > LIMIT_S:
            attempt = store.attempt
            raise ReleaseError(
                f"{attempt.version.release} is being released by {seen.user}@{seen.host} "
                f"(pid {seen.pid}).",
                why=f"it has been going on since {attempt.by} began it, and shows signs of life",
                state="This run changed nothing.",
                todo="Wait until that run has ended, then run the update again.",
            )
        waiting.tick(f"pid {seen.pid} of an earlier run is still at work")
        context.clock.sleep(POLL_S)
        store.reload()


def is_reachable(on: Ground) -> bool:
    """Whether the manager answers; waited for, since its daemon may just be restarting."""
    waiting = Waiting(on.context, "Docker")
    while True:
        try:
            with translated("The Docker daemon does not answer.", state=""):
                on.store.reload()
        except StepError as error:
            if waiting.seconds > RETURN_S:
                return False
            waiting.tick(error.why)
            on.context.clock.sleep(POLL_S)
        else:
            return True


def at_work(attempt: Attempt | None) -> Holder | None:
    """Return the other process at work on a release, if there is one.

    On this machine a process is seen to live; of another machine's only the signs of life are, and
    the last one of a process that has ended stays for a while.
    """
    seen = attempt.holder if attempt is not None else None
    if seen is None:
        return None
    if seen.host == socket.gethostname():
        return seen if seen.pid != os.getpid() and _lives(seen.pid) else None
    return seen if is_fresh(seen) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
