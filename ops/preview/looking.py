"""Has the engine look at what an update would do, and listens to its events as they come."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ops.engine import Engine
from ops.policies import POLICIES, with_policies
from ops.preview.events import Look, event_of, read, step_of
from ops.workplace import ROOT

_STREAM = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
_OFTEN_S = 2.0
"""Seconds between two words about how far it is."""


def look(engine: Engine, *, quiet: bool = False) -> Look:
    """Return what the engine says of an update, every rule of policy/ applied; writes nothing.

    Args:
        engine: on the stack.
        quiet: say nothing of how far it is.
    """
    command = engine.command("preview", "--json", "--policy-pack", str(POLICIES))
    with subprocess.Popen(  # noqa: S603 - an argument list, no shell
        command,
        cwd=ROOT,
        env={**with_policies(engine.environment), **_STREAM},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            lines = list(_told(running.stdout or (), engine.stack, quiet=quiet))
        except BaseException:
            running.terminate()  # Ctrl-C: nothing is being changed, so nothing has to be finished
            raise
    found = read(lines, running.returncode)
    if found.code and not found.errors and not found.violations:
        # The engine never came to its first event: a stack, a state or a passphrase is missing.
        said = "".join(line for line in lines if event_of(line) is None).strip()
        return replace(found, errors=(said or f"the engine ended with {found.code}",))
    return found


def _told(lines: Iterable[str], stack: str, *, quiet: bool) -> Iterator[str]:
    """Pass lines on, and say on standard error how far it is."""
    begun = last = time.monotonic()
    seen = 0
    for line in lines:
        event = None if quiet else event_of(line)
        seen += bool(event and step_of(event))
        if not quiet and (now := time.monotonic()) - last > _OFTEN_S:
            last = now
            _say(f"preview of {stack}: {seen} resources looked at, {now - begun:.0f} s")
        yield line


def _say(text: str) -> None:
    end = "\r" if sys.stderr.isatty() else os.linesep
    sys.stderr.write(f"{text}{end}")
    sys.stderr.flush()
