"""What the health check measures on the host of tickets; nothing there is changed."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from docker import DockerClient
from docker.models.containers import Container

OOM_WINDOW = timedelta(hours=24)
LOG_LINES = 50
_SERVICE_LABEL = "com.docker.swarm.service.name"

# Runs in the tools image, which python3 is in, beside the volumes: the daemon knows no file sizes.
_PROBE = """
import json, os, sys
database, copies = sys.argv[1:]
files = [name for name in (database, database + "-wal") if os.path.exists(name)]
disk = os.statvfs(copies)
print(json.dumps({
    "bytes": sum(map(os.path.getsize, files)) if files else None,
    "free": disk.f_bavail / disk.f_blocks,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Where to look.

    Attributes:
        stack: prefix of the system's services.
        convex: service of the Convex backend.
        convex_volume: where its database lies.
        database: name of the database there.
        backup_volume: where the copies lie.
        tools: image with python3.
    """

    stack: str
    convex: str
    convex_volume: str
    database: str
    backup_volume: str
    tools: str


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What was found.

    Attributes:
        memory: bytes that Convex uses without the page cache; None when it does not run.
        database: bytes of its SQLite file and write-ahead log; None when there is no file.
        oom_kills: containers of the system that ran out of memory in the last 24 hours.
        shape_lines: of its last 50 log lines, those with `shape_inference`.
        free: share of the disk under Docker's root that is free, 0 to 1.
    """

    memory: int | None
    database: int | None
    oom_kills: int
    shape_lines: int
    free: float


def read_signs(client: DockerClient, subject: Subject) -> Signs:
    """Measure once; takes about three seconds."""
    now = moment(client.info()["SystemTime"])
    convex = _running(client, subject.convex)
    probed = _probe(client, subject)
    return Signs(
        memory=None if convex is None else _memory(client, convex),
        database=probed["bytes"],
        oom_kills=len(_oom_killed(client, f"{subject.stack}_", now)),
        shape_lines=0 if convex is None else _shape_lines(convex),
        free=probed["free"],
    )


def moment(text: str) -> datetime:
    """Return a time as Docker writes it, to the second; pure.

    Docker writes UTC, or the daemon's own offset at the end, with up to nine decimals.
    """
    offset = text[-6:] if text[-6] in "+-" else "+00:00"
    return datetime.fromisoformat(text[:19] + offset)


def used_memory(stats: dict[str, Any]) -> int:
    """Return bytes in use, reckoned as `docker stats` does: without unused page cache; pure."""
    memory = stats["memory_stats"]
    counted = memory.get("stats", {})
    unused = counted.get("total_inactive_file", counted.get("inactive_file", 0))  # cgroup v1, v2
    return max(0, int(memory["usage"]) - int(unused))


def _running(client: DockerClient, service: str) -> Container | None:
    chosen: dict[str, str | list[str] | bool] = {
        "label": f"{_SERVICE_LABEL}={service}",
        "status": "running",
    }
    found = client.containers.list(filters=chosen, ignore_removed=True)
    return max(found, key=lambda one: str(one.attrs["Created"]), default=None)


def _memory(client: DockerClient, container: Container) -> int:
    api: Any = client.api
    return used_memory(api.stats(container.id, stream=False, one_shot=True))


def _shape_lines(container: Container) -> int:
    text = container.logs(tail=LOG_LINES)
    return sum(b"shape_inference" in line for line in text.splitlines())


def _oom_killed(client: DockerClient, prefix: str, now: datetime) -> set[str]:
    """Return ids of containers; the daemon forgets ended ones and its last 256 events alike."""
    since = now - OOM_WINDOW
    ended: dict[str, str | list[str] | bool] = {
        "label": _SERVICE_LABEL,
        "status": ["exited", "dead"],
    }
    killed = {
        str(one.id)
        for one in client.containers.list(all=True, filters=ended, ignore_removed=True)
        if one.labels[_SERVICE_LABEL].startswith(prefix)
        and one.attrs["State"]["OOMKilled"]
        and moment(one.attrs["State"]["FinishedAt"]) > since
    }
    api: Any = client.api
    for event in api.events(since=since, until=now, filters={"event": "oom"}, decode=True):
        service = event["Actor"]["Attributes"].get(_SERVICE_LABEL, "")
        if service.startswith(prefix):
            killed.add(event["Actor"]["ID"])
    return killed


def _probe(client: DockerClient, subject: Subject) -> dict[str, Any]:
    for volume in (subject.convex_volume, subject.backup_volume):
        client.volumes.get(volume)  # a mount alone would create a volume that is not there
    printed = client.containers.run(
        subject.tools,
        ["python3", "-c", _PROBE, f"/data/{subject.database}", "/backups"],
        entrypoint=[],
        volumes={
            subject.convex_volume: {"bind": "/data", "mode": "ro"},
            subject.backup_volume: {"bind": "/backups", "mode": "ro"},
        },
        network_mode="none",
        remove=True,
    )
    result: dict[str, Any] = json.loads(printed)
    return result
