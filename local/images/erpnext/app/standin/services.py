"""Workers and scheduler over the real Redis, and the cache of sites."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis  # type: ignore[import-not-found]  # Debian's, in the image

from . import config, database, site

if TYPE_CHECKING:
    import argparse

QUEUE = "rq:queue:home-frappe-frappe-bench:"
BEAT_S = 10
"""Seconds between two heartbeats; one counts for three times as long."""
TICK_S = 60


def connect(key: str) -> Any:  # noqa: ANN401 - Debian's library has no types
    """Return a client of one of the Redis services, by variable or configuration."""
    url = os.environ.get(f"FRAPPE_{key.upper()}") or config.read(config.COMMON).get(key)
    return redis.Redis.from_url(url, socket_connect_timeout=5) if url else None


def clear_cache(name: str) -> None:
    """Forget what the cache holds of a site.

    Raises:
        BenchError: the cache does not answer.
    """
    cache = connect("redis_cache")
    if cache is None:
        return
    try:
        for key in cache.scan_iter(f"{name}|*"):
            cache.delete(key)
    except redis.RedisError as error:
        raise config.BenchError(f"{type(error).__name__}: {error}") from None


def enqueue(name: str, queue: str, text: str) -> None:
    """Have a worker note a text at a site."""
    connect("redis_queue").rpush(QUEUE + queue, json.dumps({"site": name, "text": text}))


def worker(given: argparse.Namespace) -> None:
    """Work on queues until told to stop; finish what has been begun."""
    stop = _stopping()
    client, beaten = connect("redis_queue"), 0.0
    queues = [QUEUE + name for name in given.queue.split(",")]
    print(f"Worker listening on {given.queue}", flush=True)  # noqa: T201 - as bench does
    while not stop:
        if time.monotonic() - beaten > BEAT_S:
            _beat(client, f"rq:worker:{socket.gethostname()}")
            beaten = time.monotonic()
        found = client.blpop(queues, timeout=1)
        if found is not None:
            job = json.loads(found[1])
            note(job["site"], job["text"])


def schedule(_given: argparse.Namespace) -> None:
    """Put a tick of each site whose scheduler is on into the queue, once a minute."""
    stop = _stopping()
    client, ticked = connect("redis_queue"), 0.0
    while not stop:
        _beat(client, "demo:scheduler")
        if time.monotonic() - ticked > TICK_S or not ticked:
            ticked = time.monotonic()
            for name in config.sites():
                if _wants_ticks(name):
                    enqueue(name, "default", "tick")
        for _ in range(BEAT_S):
            if not stop:
                time.sleep(1)


def _wants_ticks(name: str) -> bool:
    conf = config.conf(name)
    if conf.get("maintenance_mode") or conf.get("pause_scheduler"):
        return False
    try:
        return site.scheduler_enabled(database.of_site(name))
    except config.BenchError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - a log line
        return False


def note(name: str, text: str) -> None:
    """Write a text down as done by a worker; ticks leave only the time of the last."""
    connection = database.of_site(name)
    if text == "tick":
        connection.run("DELETE FROM `tabSingles` WHERE `doctype` = 'Demo' AND `field` = 'tick'")
        connection.run("INSERT INTO `tabSingles` VALUES ('Demo', 'tick', %s)", str(time.time()))
    else:
        add_todo(connection, text, owner="worker")
    connection.close()


def add_todo(connection: database.Connection, text: str, *, owner: str) -> str:
    """Add a row; return its name."""
    name = os.urandom(5).hex()
    connection.run(
        "INSERT INTO `tabToDo` (`name`, `creation`, `owner`, `description`) "
        "VALUES (%s, NOW(6), %s, %s)",
        name, owner, text,
    )  # fmt: skip
    return name


def _beat(client: Any, key: str) -> None:  # noqa: ANN401 - as above
    client.set(key, str(time.time()), ex=3 * BEAT_S)
    # For a healthcheck that needs no client.
    Path("/tmp/heartbeat").touch()  # noqa: S108 - the container's own


def _stopping() -> list[int]:
    """Return a list that gets an entry when the process is told to stop."""
    seen: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: seen.append(received))
    return seen
