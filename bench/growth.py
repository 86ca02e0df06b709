"""What one more customer of the ERP costs at 1, 10, 100, 1,000: the engine's work, and a wave.

One bench grows; the database, the Redis servers and the proxy are real services or the local
stack's stand-ins, and the only resources are the ERP's two maps. Usage:
`.venv/bin/python -m bench.growth [--record] [--tenants 1 10 100]`; the exit code is 1 when a cost
grows faster than the number of customers, or when adding one to the most takes over twice as long
as adding one to ten.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from ops.workplace import ROOT, engine_environment
from tests.erp.ground import ADMIN_PASSWORD, Ground, bench
from tests.plugins.project import Project
from tests.steps.conftest import SOCKET, image_ref

TENANTS = (1, 10, 100)
SLACK = 1.3
"""A measurement on a busy machine differs by this much from the next."""
ADDING = 2.0
LIMIT_S = 4 * 3600
PROGRAM = """
import json
import pulumi

given = json.loads(open({path!r}).read())
options = pulumi.ResourceOptions(version="0.1.0")
sites = pulumi.CustomResource("estate:erp:Sites", "sites", given["sites"], options)
behind = pulumi.ResourceOptions(version="0.1.0", depends_on=[sites])
pulumi.CustomResource("estate:npm:ProxyHosts", "hosts", given["hosts"], behind)
"""
COLUMNS = {
    "fill": "first `up` with them",
    "preview": "preview, nothing to do",
    "up": "`up`, nothing to do",
    "drift": "drift check",
    "change": "`up`, one field of one",
    "add": "`up`, one more",
    "wave": "wave over all",
}
LINEAR = ("preview", "up", "drift", "change", "add", "wave")


@dataclass
class Growth:
    """One bench and the project that declares its customers."""

    ground: Ground
    project: Project
    hosts: Mapping[str, Any]
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def declare(self, count: int) -> None:
        """Write the program for a number of customers."""
        names = [f"t{number:02}" for number in range(count)]
        sites: dict[str, Any] = self.ground.sites({}).model_dump(mode="json", exclude_none=True)
        sites["sites"] = {
            name: {
                "site": f"{name}.localhost",
                "apps": ["erpnext"],
                "state": "active",
                "config": {"limits": {"users": 3}, **self.changed.get(name, {})},
            }
            for name in names
        }
        sites["passwords"] = dict.fromkeys(names, ADMIN_PASSWORD)
        hosts = {
            name: {
                "domain_names": [f"{name}.localhost"],
                "forward_host": "backend",
                "forward_port": 8000,
            }
            for name in names
        }
        path = self.project.folder / "given.json"
        path.write_text(json.dumps({"sites": sites, "hosts": {**self.hosts, "hosts": hosts}}))
        self.project.write(PROGRAM.format(path=str(path)))

    def measure(self, count: int) -> dict[str, float]:
        """Return seconds by column for a number of customers."""
        settled = ("--expect-no-changes",)
        ask = self.project.must
        self.declare(count)
        taken = {"fill": timed(lambda: ask("up", "--yes", "--skip-preview"))}
        taken["preview"] = timed(lambda: ask("preview", *settled))
        taken["up"] = timed(lambda: ask("up", "--yes", "--skip-preview", *settled))
        taken["drift"] = timed(lambda: ask("refresh", "--preview-only", *settled))
        self.changed["t00"] = {"limits": {"users": count + 3}}
        self.declare(count)
        taken["change"] = timed(lambda: ask("up", "--yes", "--skip-preview"))
        self.declare(count + 1)
        taken["add"] = timed(lambda: ask("up", "--yes", "--skip-preview"))
        release = f"r-{count}"
        image = self.ground.image("new-column")
        taken["wave"] = timed(lambda: self.ground.must_release(release, image))
        return taken


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@contextmanager
def growth() -> Iterator[Growth]:
    """Start everything but the customers; take it away afterwards."""
    with tempfile.TemporaryDirectory(prefix="estate-bench-") as place, bench() as ground:
        project = Project(Path(place))
        project.limit_s = LIMIT_S
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        plugin = {"name": "estate", "path": str(ROOT / "provider"), "version": "0.1.0"}
        about = {"name": "conform", "runtime": runtime, "plugins": {"providers": [plugin]}}
        (project.folder / "Pulumi.yaml").write_text(json.dumps(about))
        project.init()
        ground.start_service("npm", image_ref("npm"))
        ground.start_backend(ground.image(), "r0")
        hosts = {
            "docker": {"url": SOCKET},
            "service": f"{ground.name}_npm",
            "url": "http://npm:81",
            "network": f"{ground.name}-net",
            "job": {"name": f"{ground.name}_hosts", "image": image_ref("tools")},
            "identity": "ops@example.com",
            "password_secret": f"{ground.name}-root",
        }
        yield Growth(ground=ground, project=project, hosts=hosts)


def faults(measured: Mapping[int, Mapping[str, float]]) -> list[str]:
    """Return what grows faster than it may; pure.

    Args:
        measured: number of customers → column → seconds.
    """
    found = []
    counts = sorted(measured)
    for few, many in pairwise(counts):
        for column in LINEAR:
            ratio = measured[many][column] / measured[few][column]
            if ratio > SLACK * many / few:
                found.append(f"{column}: {few} to {many} customers cost {ratio:.1f} times as much")
    if 10 in measured and counts[-1] > 10:  # noqa: PLR2004 - what is promised
        ratio = measured[counts[-1]]["add"] / measured[10]["add"]
        if ratio > ADDING:
            found.append(f"adding one to {counts[-1]} takes {ratio:.1f} times as long as to 10")
    return found


def report(measured: Mapping[int, Mapping[str, float]]) -> str:
    """Return the measurements as Markdown."""
    counts = sorted(measured)
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    lines = [
        f"# Growth of the ERP, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        f"{machine}. Seconds; the bench is the stand-in of the local stack on a real MariaDB.",
        "",
        "| customers | " + " | ".join(map(str, counts)) + " |",
        "|---" * (len(counts) + 1) + "|",
    ]
    lines += [
        f"| {words} | " + " | ".join(f"{measured[n][column]:.1f}" for n in counts) + " |"
        for column, words in COLUMNS.items()
    ]
    found = faults(measured)
    lines += ["", *(found or ["Nothing grows faster than the number of customers."])]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Measure, print, record when asked; return 1 when something grows too fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--record", action="store_true", help="write bench/results/<date>-growth.md"
    )
    parser.add_argument("--tenants", type=int, nargs="+", default=list(TENANTS))
    given = parser.parse_args(arguments)
    os.environ.update(engine_environment())
    measured: dict[int, dict[str, float]] = {}
    with growth() as made:
        for count in sorted(given.tenants):
            measured[count] = made.measure(count)
            seconds = ", ".join(f"{key} {value:.1f}" for key, value in measured[count].items())
            print(f"{count}: {seconds}", flush=True)
    text = report(measured)
    print(text)
    if given.record:
        file = ROOT / "bench/results" / f"{datetime.now(UTC):%Y-%m-%d}-growth.md"
        file.write_text(text, encoding="utf-8")
    return int(bool(faults(measured)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
