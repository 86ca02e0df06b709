"""Runs the tests that need a real engine and a real Swarm."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ops import local_stack
from ops.workplace import PRIVATE, ROOT, engine_environment

_OWN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG_PASSPHRASE")

LANES = (
    ("tickets",),
    ("hand",),
    ("faults",),
    ("hosts",),
    ("engine",),
    ("plugins",),
    ("images", "steps"),
)
"""Folders of tests/ that run one after the other, the longest first.

Tests that share a stack are in one folder. The unit tests are not here: `make check` runs them.
"""
SIDE_BY_SIDE = 3
"""Lanes at a time. One keeps a processor busy for half of its time, the rest is waiting for health
checks; with more of them on two processors, users of the tests wait longer than their patience.
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
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        codes = list(pool.map(partial(_run_lane, command, environment), LANES))
    return int(any(codes))


def _run_lane(command: list[str], environment: dict[str, str], lane: tuple[str, ...]) -> int:
    """Run one lane, and print what it said as a whole when it has ended."""
    log = PRIVATE / f"test-{lane[0]}.log"
    sys.stderr.write(f"tests: {' '.join(lane)}, to be followed in {os.path.relpath(log)}\n")
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            [*command, *(f"tests/{folder}" for folder in lane)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    sys.stdout.write(log.read_text(encoding="utf-8", errors="replace"))
    sys.stdout.flush()
    return done.returncode
