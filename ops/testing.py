"""Runs the tests that need a real engine and a real Swarm."""

import os
import subprocess
import sys
from pathlib import Path

from ops import local_stack
from ops.workplace import PRIVATE, ROOT, engine_environment

_OWN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG_PASSPHRASE")

LANES = (("engine",), ("hand",), ("faults",), ("hosts",), ("plugins",), ("images", "steps"))
"""Folders of tests/ that run one after the other; lanes run side by side.

Most of their time is waiting for health checks. Tests that share a stack are in one folder. The
unit tests are not here: `make check` runs them.
"""


def test(arguments: list[str]) -> int:
    """Build the images and run pytest; return its exit code.

    Args:
        arguments: for pytest; none runs all lanes.
    """
    local_stack.build_images()
    # Tests keep their state in folders of their own.
    environment = {name: text for name, text in engine_environment().items() if name not in _OWN}
    command = [sys.executable, "-m", "pytest", "--durations=10"]
    if arguments:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            [*command, *arguments], cwd=ROOT, env=environment, check=False
        )
        return done.returncode
    lanes = [
        _start([*command, *(f"tests/{folder}" for folder in lane)], lane[0], environment)
        for lane in LANES
    ]
    codes = [_finish(running, log) for running, log in lanes]
    return int(any(codes))


def _start(
    command: list[str], name: str, environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], Path]:
    log = PRIVATE / f"test-{name}.log"
    sys.stderr.write(f"tests: {' '.join(command[4:])}, to be followed in {_relative(log)}\n")
    with log.open("wb") as output:
        started = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    return started, log


def _finish(running: subprocess.Popen[bytes], log: Path) -> int:
    code = running.wait()
    sys.stdout.write(log.read_text(encoding="utf-8", errors="replace"))
    sys.stdout.flush()
    return code


def _relative(path: Path) -> str:
    return os.path.relpath(path)
