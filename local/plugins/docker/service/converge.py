"""Wait until a created or updated service runs, as the official plugin waits.

The pauses are its own: a first one of `delay` (7 s for an update), then 5, 10, 10 … seconds.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from provider.wire.errors import PluginError
from swarm_spec import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag

UPDATE_DELAY_S = 7.0
FIRST_PAUSE_S = 5.0
PAUSE_S = 10.0
SECOND = 10**9

FAILED = {
    "rollback_completed": "service rollback completed",
    "paused": "service update paused",
    "rollback_paused": "service rollback paused",
}


def await_created(daemon: Daemon, service_id: str, config: Bag) -> None:
    """Wait until every replica of a new service runs.

    Raises:
        PluginError: it did not within `timeout`.
    """
    delay_s = parse_duration(config.get("delay")) / SECOND
    _wait(lambda: _all_running(daemon, service_id), service_id, config, delay_s)


def await_updated(daemon: Daemon, service_id: str, config: Bag) -> None:
    """Wait until an update has gone through.

    Raises:
        PluginError: Swarm rolled back or paused it, or it took longer than `timeout`.
    """
    _wait(lambda: _updated(daemon, service_id), service_id, config, UPDATE_DELAY_S)


def _wait(done: Callable[[], bool], service_id: str, config: Bag, delay_s: float) -> None:
    deadline = time.monotonic() + parse_duration(config["timeout"]) / SECOND
    time.sleep(delay_s)
    pause_s = FIRST_PAUSE_S
    while not done():
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise PluginError(
                f"Service with ID ({service_id}) did not converge after {config['timeout']}"
            )
        time.sleep(min(pause_s, left_s))
        pause_s = PAUSE_S


def _updated(daemon: Daemon, service_id: str) -> bool:
    service = daemon.get("services", service_id)
    status = service.get("UpdateStatus") or {}
    state = status.get("State", "")
    if state in FAILED:
        raise PluginError(f"{FAILED[state]}: {status.get('Message', '')}")
    if state == "completed":
        return True
    running = _all_running(daemon, service_id)
    if running and state == "rollback_started":
        raise PluginError(f"{FAILED['rollback_completed']}: {status.get('Message', '')}")
    return running


def _all_running(daemon: Daemon, service_id: str) -> bool:
    replicated = daemon.get("services", service_id)["Spec"]["Mode"].get("Replicated")
    if replicated is None:
        raise PluginError("no replica count")
    wanted = {"service": [service_id], "desired-state": ["running"]}
    tasks = daemon.get("tasks", filters=json.dumps(wanted))
    slots: dict[int, bool] = {}
    for task in tasks:
        running = task["Status"]["State"] == "running" and task["DesiredState"] == "running"
        # A start-first update has two tasks in a slot; the one further behind counts.
        slots[task.get("Slot", 0)] = running and slots.get(task.get("Slot", 0), True)
    return sum(slots.values()) == int(replicated.get("Replicas", 0))
