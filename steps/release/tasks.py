"""Which tasks of a service run, and what is wrong with those that do not; pure but for reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENDED = frozenset({"complete", "failed", "rejected", "orphaned", "shutdown", "remove"})
_TROUBLE = frozenset({"complete", "failed", "rejected", "orphaned"})
_MAY_DIFFER = ("Placement", "Runtime")
UNDER_WAY = frozenset({"updating", "rollback_started"})
"""States of an update that Swarm is still at work on."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a service stands on its way to a specification.

    Attributes:
        spec: what Swarm wants of it now.
        runs: whether exactly its task runs, and no other.
        none: whether no task of it runs or is about to.
        update: Swarm's word for the update, empty when there is none.
        message: Swarm's reason.
        failures: how many of its tasks have failed.
        error: of the newest failed one.
        failed_task: its id.
    """

    spec: Mapping[str, Any]
    runs: bool
    none: bool
    update: str
    message: str
    failures: int
    error: str
    failed_task: str


def standing(
    service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], *, known: frozenset[str]
) -> Standing:
    """Return where a service stands.

    Args:
        service: as the Docker API gives it.
        tasks: all of its tasks.
        known: ids of tasks of before, which are not this specification's fault.
    """
    alive = [task for task in tasks if task["Status"]["State"] not in _ENDED]
    wanted = [task for task in alive if task["DesiredState"] == "running"]
    right = [
        task
        for task in wanted
        if task["Status"]["State"] == "running" and is_of(task, service["Spec"])
    ]
    status = service.get("UpdateStatus") or {}
    failed = sorted(
        (task for task in tasks if task["ID"] not in known and task["Status"]["State"] in _TROUBLE),
        key=lambda task: str(task["CreatedAt"]),
    )
    newest: Mapping[str, Any] = failed[-1] if failed else {"ID": "", "Status": {}}
    return Standing(
        spec=service["Spec"],
        runs=len(right) == 1 and len(alive) == 1,
        none=not alive,
        update=str(status.get("State", "")),
        message=str(status.get("Message", "")),
        failures=len(failed),
        error=str(newest["Status"].get("Err", "")),
        failed_task=str(newest["ID"]),
    )


def is_of(task: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a task was made from a specification; what may differ without a restart is ignored.

    Swarm leaves a task alone when only its placement changes, and a task does not repeat the
    runtime (measured on 20.10).
    """
    ours, theirs = dict(spec["TaskTemplate"]), dict(task["Spec"])
    for one in (ours, theirs):
        for key in _MAY_DIFFER:
            one.pop(key, None)
    return ours == theirs
