"""Whose lock is removed, and whose is not."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.engine import Engine
from ops.errors import OpsError
from ops.locks import may_live, release_dead_lock

STACK = "staging"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(STACK, environment={"PULUMI_BACKEND_URL": f"file://{tmp_path}"})


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A living process of the engine's name."""
    (tmp_path / "pulumi").symlink_to(sys.executable)
    command = [str(tmp_path / "pulumi"), "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def dead() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def lock(tmp_path: Path, stack: str = STACK, **holder: object) -> Path:
    folder = tmp_path / ".pulumi/locks/organization/estate" / stack
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "0a1b.json"
    known = {"hostname": socket.gethostname(), "username": "ana", "timestamp": "2026-01-01"}
    file.write_text(json.dumps({**known, **holder}), encoding="utf-8")
    return file


def test_the_lock_of_a_dead_engine_goes(engine: Engine, tmp_path: Path, dead: int) -> None:
    file = lock(tmp_path, pid=dead)
    release_dead_lock(engine)
    assert not file.exists()


def test_the_lock_of_a_living_engine_stays_and_its_holder_is_named(
    engine: Engine, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    file = lock(tmp_path, pid=sleeper.pid)
    holder = f"by ana on {socket.gethostname()} \\(pid {sleeper.pid}\\) since 2026-01-01"
    with pytest.raises(OpsError, match=holder):
        release_dead_lock(engine)
    assert file.exists()


def test_the_lock_of_another_machine_stays(engine: Engine, tmp_path: Path, dead: int) -> None:
    file = lock(tmp_path, pid=dead, hostname="elsewhere")
    with pytest.raises(OpsError, match="on elsewhere"):
        release_dead_lock(engine)
    assert file.exists()


def test_the_lock_of_another_stack_is_not_touched(
    engine: Engine, tmp_path: Path, dead: int
) -> None:
    file = lock(tmp_path, stack="prod", pid=dead)
    release_dead_lock(engine)
    assert file.exists()


def test_a_number_that_went_to_another_program_is_no_engine() -> None:
    assert not may_live({"hostname": socket.gethostname(), "pid": os.getpid()})


def test_an_engine_that_died_and_was_not_collected_is_dead(
    sleeper: subprocess.Popen[bytes],
) -> None:
    holder = {"hostname": socket.gethostname(), "pid": sleeper.pid}
    assert may_live(holder)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not may_live(holder)


def test_a_lock_that_cannot_be_read_stops_the_operation(engine: Engine, tmp_path: Path) -> None:
    file = lock(tmp_path, pid=1)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(OpsError, match="cannot be read"):
        release_dead_lock(engine)
    assert file.exists()


def test_other_backends_keep_no_such_locks() -> None:
    release_dead_lock(Engine(STACK, environment={"PULUMI_BACKEND_URL": "s3://bucket"}))
