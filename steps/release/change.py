"""Brings a service to a specification and waits until its task serves, or says why it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.context import Waiting
from steps.errors import ReleaseError
from steps.release.tasks import UNDER_WAY, Standing, standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.swarm import Swarm

POLL_S = 1.0
FAILURES = 2
"""Failed tasks after which a service that Swarm itself does not give up is given up."""

SLACK_S = 60
"""On top of what the health check allows: pulling the image (a guess)."""
LOG_LINES = 8


def stopped(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification without tasks; pure."""
    return {**spec, "Mode": {"Replicated": {"Replicas": 0}}}


def same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a service has a specification already, as far as the wanted one speaks; pure."""
    return all(_agree(found.get(key), value) for key, value in wanted.items())


def _agree(found: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        has = found if isinstance(found, dict) else {}
        return all(_agree(has.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        has_list = found if isinstance(found, list) else []
        return len(has_list) == len(wanted) and all(
            _agree(one, other) for one, other in zip(has_list, wanted, strict=True)
        )
    # The API leaves out what is empty, zero or false.
    return (found or None) == (wanted or None)


class Change:
    """One service on its way to one specification."""

    def __init__(self, swarm: Swarm, name: str, context: Context) -> None:
        """Look at the service; nothing is changed yet."""
        self._swarm = swarm
        self._name = name
        self._context = context

    def current(self) -> dict[str, Any] | None:
        """Return the service, or None when there is none."""
        return self._swarm.service(self._name)

    def stop(self) -> None:
        """Have no task of the service run, and wait until the last has ended.

        Raises:
            ReleaseError: it does not end.
        """
        found = self.current()
        if found is None:
            return
        grace_s = found["Spec"]["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 1e9
        if found["Spec"]["Mode"]["Replicated"].get("Replicas", 0):
            self._swarm.update_service(found, stopped(found["Spec"]))
        waiting = Waiting(self._context, f"stopping {self._name}")
        while not self._look(frozenset()).none:
            if waiting.seconds > grace_s + SLACK_S:
                raise ReleaseError(
                    f"{self._name} does not stop.",
                    why=f"its task still runs after {waiting.seconds:.0f} s",
                    state="It was asked to stop; no data was touched.",
                    todo=f"Look at: docker service ps {self._name}",
                )
            waiting.tick("its task is still ending")
            self._context.clock.sleep(POLL_S)

    def start(self, spec: Mapping[str, Any]) -> None:
        """Have the service be started again, without waiting for it."""
        found = self.current()
        if found is not None:
            self._swarm.update_service(found, spec)

    def remove(self) -> None:
        """Take the service away with its containers; one that is not there is fine.

        Raises:
            ReleaseError: its task does not end.
        """
        found = self.current()
        if found is None:
            return
        self.stop()
        self._swarm.remove_service(str(found["ID"]))
        self._swarm.remove_containers(str(found["ID"]))

    def to(self, spec: Mapping[str, Any], *, patience_s: float) -> None:
        """Change the service and wait until exactly its new task runs and Swarm is content.

        Raises:
            ReleaseError: the new task does not run; the message has its error and last log lines.
        """
        found = self.current()
        if found is None:
            raise ReleaseError(
                f"There is no service {self._name} any more.",
                why="somebody removed it while it was being released",
                state="Nothing of it runs.",
                todo="Run the update again: it is created anew.",
            )
        known = frozenset(str(task["ID"]) for task in self._swarm.tasks(self._name))
        # Both ways: what only the running specification has must go, too.
        if not (same(found["Spec"], spec) and same(spec, found["Spec"])):
            self._swarm.update_service(found, spec)
        self._await(spec, known, patience_s=patience_s, failures=FAILURES)

    def make(self, spec: Mapping[str, Any], *, patience_s: float) -> None:
        """Create the service, whose task is started once, and wait until that runs.

        Raises:
            ReleaseError: it does not run; the message has its error and last log lines.
        """
        self._swarm.create_service(spec)
        self._await(spec, frozenset(), patience_s=patience_s, failures=1)

    def _await(
        self,
        spec: Mapping[str, Any],
        known: frozenset[str],
        *,
        patience_s: float,
        failures: int,
    ) -> None:
        waiting = Waiting(self._context, f"starting {self._name}")
        log = ""
        while True:
            seen = self._look(known)
            # Once it has gone back by itself, Swarm wants another specification than we do.
            gone_back = not same(seen.spec, spec)
            if seen.failed_task:
                log = self._swarm.task_log(seen.failed_task, lines=LOG_LINES) or log
            if gone_back or seen.failures >= failures:
                raise self._failed(seen, log)
            if seen.runs and seen.update not in UNDER_WAY:
                return
            if waiting.seconds > patience_s + SLACK_S:
                raise self._failed(seen, log)
            waiting.tick(seen.error or seen.update or "its task is starting")
            self._context.clock.sleep(POLL_S)

    def _look(self, known: frozenset[str]) -> Standing:
        service = self.current()
        if service is None:
            return standing({"Spec": {"TaskTemplate": {}}}, [], known=known)
        return standing(service, self._swarm.tasks(self._name), known=known)

    def _failed(self, seen: Standing, log: str) -> ReleaseError:
        reasons = [f"task error: {seen.error or 'its health check did not pass'}"]
        if seen.message:
            reasons.append(f"Swarm says: {seen.message}")
        if log:
            reasons += ["its last log lines:", *(f"  {line}" for line in log.splitlines())]
        return ReleaseError(
            f"The new task of {self._name} does not serve.",
            why="\n".join(self._context.redactor.hide(line) for line in reasons),
            state="The old release is being put back.",
            todo="Correct the release.",
        )
