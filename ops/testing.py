"""Runs the tests that need a real engine and a real Swarm."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ops import local_stack
from ops.workplace import PRIVATE, ROOT, engine_environment

_OWN = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG_PASSPHRASE")

LANES: tuple[tuple[str, ...], ...] = (
    ("hand",),
    ("engine/test_bad_settings.py", "engine/test_commands_of_the_readme.py"),
    ("erp",),
    (
        "hosts/test_certificates.py",
        "hosts/test_over_ssh.py",
        "hosts/test_release_under_load.py",
    ),
    ("steps",),
    (
        "tickets/test_failed_release.py",
        "tickets/test_half_made_record.py",
        "tickets/test_secrets_stay_secret.py",
    ),
    ("plugins",),
    ("tickets/test_killed_engine.py", "tickets/test_down.py"),
    ("hosts/test_source_mode.py", "hosts/test_two_nodes.py"),
    ("faults",),
    (
        "engine/test_client_address.py",
        "engine/test_first_and_second_up.py",
        "engine/test_release.py",
    ),
    ("adopt",),
    ("drift",),
    ("images",),
    ("provider",),
    ("preview",),
)
"""Folders and files of tests/ that run one after the other.

Tests that share a stack are in one lane. Long lanes come first, and those that mostly wait (hosts,
tickets, engine) between those that compute, so that the processors never idle. A run ends with what
each took: one that takes more than a third of the whole is worth cutting in two. The unit tests are
not here: `make check` runs them.
"""
SIDE_BY_SIDE = 5
"""Lanes at a time: with four, two processors idled a sixth of the time (measured); more would only
wait for each other.
"""
AGAIN = 2
"""Files at most that are run once more, alone, when the lanes have ended: on two processors a lane
can starve another. More than that is no accident, and what fails twice has failed.
"""
NOT_LONG = ("-m", "not long")
"""What lanes leave to `make scorecard`: further cases of kinds of which they have some."""


@dataclass(frozen=True)
class Ended:
    """A lane that has run.

    Attributes:
        name: what it consists of.
        code: pytest's exit code.
        minutes: how long it took.
        failed: the files of which a test failed.
    """

    name: str
    code: int
    minutes: float
    failed: tuple[str, ...] = ()

    def line(self) -> str:
        """Return it as a line of the summary."""
        how = "passed" if self.code == 0 else f"FAILED ({self.code})"
        return f"  {self.minutes:5.1f} min  {self.name}: {how}"


def test(arguments: list[str]) -> int:
    """Build the images and run pytest; return its exit code.

    Args:
        arguments: for pytest; none runs all lanes, without the long tests.
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
        run = partial(_run_lane, [*command, *NOT_LONG], environment)
        ended = list(pool.map(run, LANES))
    _say(ended)
    if not 0 < len([file for lane in ended for file in lane.failed]) <= AGAIN:
        return int(any(lane.code for lane in ended))
    alone = [run((file,)) for lane in ended for file in lane.failed]
    sys.stdout.write("failed beside others; alone:\n")
    _say(alone)
    explained = all(lane.failed for lane in ended if lane.code)
    return int(not explained or any(lane.code for lane in alone))


def log_of(lane: tuple[str, ...]) -> Path:
    """Return where a lane writes what it says, while it runs."""
    return PRIVATE / f"test-{lane[0].removesuffix('.py').replace('/', '-')}.log"


def _say(ended: list[Ended]) -> None:
    sys.stdout.write("".join(f"{lane.line()}\n" for lane in ended))


def failed_files(said: str) -> tuple[str, ...]:
    """Return the files below tests/ of the tests that failed, from the end of pytest's output."""
    found = re.findall(r"^(?:FAILED|ERROR) tests/(\S+?\.py)(?:::| -|$)", said, re.MULTILINE)
    return tuple(dict.fromkeys(found))


def _run_lane(command: list[str], environment: dict[str, str], lane: tuple[str, ...]) -> Ended:
    """Run one lane, and print what it said as a whole when it has ended."""
    name, log, begun = " ".join(lane), log_of(lane), time.monotonic()
    sys.stderr.write(f"tests: {name}, to be followed in {os.path.relpath(log)}\n")
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            [*command, *(f"tests/{place}" for place in lane)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    said = log.read_text(encoding="utf-8", errors="replace")
    sys.stdout.write(said)
    sys.stdout.flush()
    return Ended(name, done.returncode, (time.monotonic() - begun) / 60, failed_files(said))
