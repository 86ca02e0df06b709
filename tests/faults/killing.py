"""Engines that die at a chosen moment: a whole process tree, or the engine alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ops.workplace import ROOT
from tests.engine.processes import descendants
from tests.engine.stack import Run, Stack

LIMIT_S = 600

Who = Literal["all", "engine"]

BRING_UP = """
import sys
from pathlib import Path
from ops.engine import Engine
from ops.errors import OpsError
from ops.up import bring_up
try:
    sys.exit(bring_up(Engine(sys.argv[1], config_file=Path(sys.argv[2]))))
except OpsError as error:
    sys.exit(str(error))
"""


def bring_up(stack: Stack) -> Run:
    """What `make up` does to a stack that exists; a failure is not raised."""
    log = _new_log(stack)
    with _started(stack, log) as process:
        process.wait(timeout=LIMIT_S * 2)
    return Run(process.returncode, log.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Step:
    """A step at work.

    Attributes:
        pid: its process.
        phase: the last phase of what it was told, which is the one that it is for.
    """

    pid: int
    phase: str

    def kill(self) -> None:
        """Kill the process alone; the engine sees its step fail."""
        os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Victim:
    """An engine at work.

    Attributes:
        pid: its process.
        step: the step of the wanted phase, if one was wanted.
    """

    pid: int
    step: Step | None = None

    def kill(self, who: Who) -> None:
        """Kill it, and with `all` its program, plugins and steps too; else they are orphans."""
        victims = [self.pid, *(descendants(self.pid) if who == "all" else [])]
        # Stopped first: nobody may notice that another is gone.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(pid, number)


def kill_when(stack: Stack, happens: Callable[[], bool], who: Who) -> None:
    """Start what `make up` does and kill the engine as soon as something holds in the world."""
    with at_work(stack, happens) as engine:
        engine.kill(who)


@contextmanager
def at_work(
    stack: Stack, happens: Callable[[], bool], *, phase: str | None = None
) -> Iterator[Victim]:
    """Start what `make up` does, and give the engine as soon as something holds.

    Args:
        stack: whose engine it is.
        happens: asked ten times a second.
        phase: of a release, whose step has to run besides.
    """

    log = _new_log(stack)
    with _started(stack, log) as process:
        end = time.monotonic() + LIMIT_S
        while (victim := _victim_below(process.pid, phase)) is None or not happens():
            said = log.read_text(encoding="utf-8")
            assert process.poll() is None, f"it ended before the moment came:\n{said}"
            assert time.monotonic() < end, f"the moment never came:\n{said}"
            time.sleep(0.1)
        yield victim
        process.wait(timeout=LIMIT_S)


@contextmanager
def _started(stack: Stack, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", BRING_UP, stack.name, str(stack.file)],
            cwd=ROOT,
            env=stack.engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _new_log(stack: Stack) -> Path:
    return stack.folder / f"bring-up-{len(list(stack.folder.glob('bring-up-*')))}.log"


def step_below(pid: int) -> Step | None:
    """Return the step of a release that runs below an engine."""
    for one in descendants(pid):
        try:
            arguments = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
            environment = Path(f"/proc/{one}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        given = [text for text in environment if text.startswith(b"STEP_INPUT=")]
        # A shell stands between the engine and the step, with the same words.
        if arguments[1:4] == [b"-m", b"steps", b"release"] and given:
            phases = json.loads(given[0].partition(b"=")[2])["phases"]
            return Step(one, str(phases[-1]["name"]))
    return None


def _victim_below(pid: int, phase: str | None) -> Victim | None:
    """Return the engine that updates, once it runs the step of a phase, if one is wanted."""
    engine = _engine_below(pid)
    if engine is None or phase is None:
        return None if engine is None else Victim(engine)
    step = step_below(engine)
    return Victim(engine, step) if step is not None and step.phase == phase else None


def _engine_below(pid: int) -> int | None:
    """Return the engine that updates; those that only look at the stack come before it."""
    for one in descendants(pid):
        try:
            program, _, arguments = Path(f"/proc/{one}/cmdline").read_bytes().partition(b"\0")
        except OSError:
            continue
        if program.endswith(b"pulumi") and arguments.startswith(b"up\0"):
            return one
    return None
