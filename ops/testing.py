"""Runs the tests that need a real engine and a real Swarm."""

import subprocess
import sys

from ops import local_stack
from ops.workplace import ROOT, engine_environment

_OWN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG_PASSPHRASE")

_REAL = ["tests", "--ignore=tests/unit"]
# Most of their time is waiting for health checks; three at once keep two cores busy.
_AT_ONCE = ["-n", "3", "--dist", "loadgroup"]


def test(arguments: list[str]) -> int:
    """Build the images and run pytest; return its exit code.

    Args:
        arguments: for pytest; none runs all but the unit tests, which `make check` has run.
    """
    local_stack.build_images()
    # Tests keep their state in folders of their own.
    environment = {name: text for name, text in engine_environment().items() if name not in _OWN}
    command = [sys.executable, "-m", "pytest", *(arguments or [*_REAL, *_AT_ONCE])]
    done = subprocess.run(  # noqa: S603 - an argument list, no shell
        command, cwd=ROOT, env=environment, check=False
    )
    return done.returncode
