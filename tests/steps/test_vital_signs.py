"""What the health check measures, on real containers that look like those of a system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker.errors
import pytest

from ops.vital_signs import Subject, read_signs
from tests.steps.conftest import image_ref

if TYPE_CHECKING:
    from docker.models.containers import Container

    from tests.steps.conftest import Steps

MIB = 2**20
BACKEND = """
import time
held = b"x" * (24 * 2**20)
print("shape_inference failed in _scheduled_job_logs\\nfine\\nshape_inference again", flush=True)
time.sleep(600)
"""
# A child runs out of memory and its parent lives on for a moment: of a container that ends with
# the kill itself, a busy daemon may never learn the reason.
HOARD = """
import subprocess, sys, time
killed = subprocess.run([sys.executable, "-c", "b'x' * 200_000_000"]).returncode
time.sleep(3)
sys.exit(128 - killed)
"""
FILES = """
for name, size in (("db.sqlite3", 3), ("db.sqlite3-wal", 2)):
    open("/v0/" + name, "wb").write(bytes(size * 2**20))
"""


def subject(steps: Steps) -> Subject:
    return Subject(
        stack=steps.name,
        convex=f"{steps.name}_convex_backend",
        convex_volume=f"{steps.name}-convex",
        database="db.sqlite3",
        backup_volume=f"{steps.name}-backups",
        tools=image_ref("tools"),
    )


def start(
    steps: Steps, service: str, code: str, *, memory: int = 64 * MIB, swap: int = -1
) -> Container:
    """Start a container that the daemon takes for a task of a service."""
    return steps.client.containers.run(
        image_ref("tools"),
        ["python3", "-c", code],
        entrypoint=[],
        detach=True,
        labels={**steps.labels, "com.docker.swarm.service.name": service},
        mem_limit=str(memory),
        memswap_limit=swap,
    )


def await_log(container: Container, text: bytes) -> None:
    for line in container.logs(stream=True, follow=True):
        if text in line:
            return
    raise AssertionError(container.logs())


def test_every_sign_is_read_from_the_host(steps: Steps) -> None:
    volumes = [steps.volume("convex"), steps.volume("backups")]
    steps.python(FILES, *volumes)
    await_log(start(steps, f"{steps.name}_convex_backend", BACKEND), b"again")
    hungry = start(steps, f"{steps.name}_migrate", HOARD, memory=32 * MIB, swap=32 * MIB)
    assert hungry.wait(timeout=60)["StatusCode"] == 137
    before = steps.containers()

    signs = read_signs(steps.client, subject(steps))
    assert signs.memory is not None
    assert 24 * MIB < signs.memory < 64 * MIB
    assert signs.database == 5 * MIB  # the write-ahead log counts
    assert signs.shape_lines == 2
    assert signs.oom_kills == 1
    assert 0 < signs.free < 1
    assert steps.containers() == before


def test_what_is_not_there_is_no_zero(steps: Steps) -> None:
    steps.volume("convex")
    steps.volume("backups")
    signs = read_signs(steps.client, subject(steps))
    assert (signs.memory, signs.database) == (None, None)
    assert (signs.oom_kills, signs.shape_lines) == (0, 0)


def test_a_look_at_a_system_that_is_not_there_makes_no_volume(steps: Steps) -> None:
    with pytest.raises(docker.errors.NotFound):
        read_signs(steps.client, subject(steps))
    filters = {"name": steps.name}
    assert steps.client.volumes.list(filters=filters) == []
