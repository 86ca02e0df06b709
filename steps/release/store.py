"""Reads and writes the journal in the Swarm."""

from __future__ import annotations

import base64
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from steps.errors import ReleaseError, StepError
from steps.library_errors import translated
from steps.release.journal import Attempt, Journal, Record, fitting, holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from steps.release.journal import Holder
    from steps.swarm import Swarm

LABEL = "estate.journal"
BEAT_S = 15.0
"""Seconds between two signs of life of a process at work."""
STALE_S = 60.0
"""Seconds without a sign of life after which a process of another machine counts as dead."""


class Store:
    """The journal of one application in one Swarm."""

    def __init__(self, swarm: Swarm, app: str, *, labels: dict[str, str] | None = None) -> None:
        """Read the journal; an application without one starts with an empty one.

        Args:
            swarm: the manager.
            app: the application's name.
            labels: for what is written, besides those of what was written before.
        """
        self._swarm = swarm
        self._app = app
        self._labels = {**(labels or {}), LABEL: app}
        self._lock = threading.Lock()
        self.journal = self._read()

    @property
    def attempt(self) -> Attempt:
        """The release that has begun.

        Raises:
            LookupError: none has.
        """
        if self.journal.attempt is None:
            raise LookupError(f"no release of {self._app} has begun")
        return self.journal.attempt

    def reload(self) -> None:
        """Read the journal again."""
        with self._lock:
            self.journal = self._read()

    def write(self, **changes: object) -> Journal:
        """Write the next version with these fields changed, then forget the ones before.

        Raises:
            ReleaseError: another process wrote it first.
        """
        with self._lock:
            number = self.journal.number + 1
            following = fitting(self.journal.model_copy(update={**changes, "number": number}))
            made = self._swarm.create_config(
                self._name(number), following.model_dump_json().encode(), self._labels
            )
            if not made or not self._is_newest(number):
                raise ReleaseError(
                    f"{self._app}: somebody else is releasing it at this moment.",
                    why=f"the journal's version {number} was written by another process",
                    state="This process changed nothing further; the other one goes on.",
                    todo="Wait until it has ended, then run the update again.",
                )
            self.journal = following
            self._forget_older(number)
            return following

    def progress(self, **changes: object) -> Attempt:
        """Write changes of the attempt; return it."""
        attempt = self.attempt.model_copy(update={**changes, "holder": holder()})
        self.write(attempt=attempt)
        return attempt

    def close(self, record: Record, **changes: object) -> None:
        """End the attempt with a record."""
        self.write(attempt=None, history=(*self.journal.history, record), **changes)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Show, while the block runs, that a process is at work, and afterwards that none is."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_S):
                _as_far_as_possible(self._touch)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        well = False
        try:
            yield
            well = True
        finally:
            ended.set()
            thread.join()
            _as_far_as_possible(partial(self._let_go, well=well))

    def _let_go(self, *, well: bool) -> None:
        """End as a holder; between two phases, which are two processes, leave a last sign of life.

        Without it another machine would take the release for one that was killed, and undo it.
        On this machine the process is seen to have ended.
        """
        attempt = self.journal.attempt
        if attempt is not None:
            last = holder() if well and attempt.failed is None else None
            self.write(attempt=attempt.model_copy(update={"holder": last}))

    def _touch(self) -> None:
        if self.journal.attempt is not None:
            self.progress()

    def _name(self, number: int) -> str:
        return f"{self._app}_journal_{number:06d}"

    def _read(self) -> Journal:
        found = self._found()
        if not found:
            return Journal()
        newest = max(found, key=lambda one: str(one["Spec"]["Name"]))
        self._labels = {**newest["Spec"]["Labels"], **self._labels}
        return Journal.model_validate_json(base64.b64decode(newest["Spec"]["Data"]))

    def _is_newest(self, number: int) -> bool:
        """Whether nobody is further; a process far behind finds its number free again."""
        newest = max(str(one["Spec"]["Name"]) for one in self._found())
        return newest == self._name(number)

    def _forget_older(self, number: int) -> None:
        # The one before stays, so that a process one step behind meets a taken name.
        for one in self._found():
            if str(one["Spec"]["Name"]) < self._name(number - 1):
                self._swarm.remove_config(one["ID"])

    def _found(self) -> list[dict[str, Any]]:
        return self._swarm.configs(f"{LABEL}={self._app}")


def _as_far_as_possible(act: Callable[[], object]) -> None:
    """Do what may fail without harm: a sign of life ends by itself, by pid or by time."""
    with suppress(StepError), translated("The journal was not written.", state=""):
        act()


def is_fresh(seen: Holder) -> bool:
    """Whether a process of another machine has given a sign of life lately."""
    return time.time() - seen.touched < STALE_S
