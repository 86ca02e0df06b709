"""What Estate adds to a preview that finds nothing to do: the local stack against bare resources.

Both are previewed in turn, so that a busy minute falls on both. Usage:
`.venv/bin/python -m bench.noop [--record]`; the exit code is 1 when Estate costs more than allowed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from ops.engine import Engine
from ops.stacks import made
from ops.workplace import ROOT

RUNS = 5
ALLOWED = 1.5
LIMIT_S = 600
KINDS = ("Network", "Volume", "Secret", "Command", "Service")
NOTHING_TO_DO = ("preview", "--expect-no-changes")
IMPORTS = ("pulumi", "components.dns_record", "pulumi_cloudflare")
MEASURE = """
import importlib, json, resource, sys, time
began = time.perf_counter()
importlib.import_module(sys.argv[1])
took = time.perf_counter() - began
print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Run a command and return its seconds.

    Raises:
        SystemExit: it failed.
    """
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{said}")
    return time.perf_counter() - began


def counts_of(engine: Engine) -> Counter[str]:
    """Return how many resources of each kind the stack has."""
    state = json.loads(engine.ask("stack", "export"))
    kinds = (one["type"].rpartition(":")[2] for one in state["deployment"]["resources"])
    return Counter(kind for kind in kinds if kind in KINDS)


@contextmanager
def bare_stack(engine: Engine, counts: Mapping[str, int]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Bring as many bare resources up in a project of their own; take them away afterwards."""
    image = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["estate:tools"]
    with tempfile.TemporaryDirectory(prefix="estate-bench-") as place:
        folder = Path(place)
        environment = {
            **engine.environment,
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "BENCH_COUNTS": json.dumps({kind: counts[kind] for kind in KINDS}),
            "BENCH_IMAGE": image["image"],
        }
        shutil.copy(ROOT / "bench/bare.py", folder / "__main__.py")
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        project = {"name": "bare", "runtime": runtime}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        run(["pulumi", "stack", "init", "bench", "--non-interactive"], folder, environment)
        try:
            run(bare("up", "--yes", "--skip-preview"), folder, environment)
            yield folder, environment
        finally:
            run(bare("destroy", "--yes", "--skip-preview"), folder, environment)


def bare(*arguments: str) -> list[str]:
    """Return a command line for the bare stack."""
    return ["pulumi", *arguments, "--stack", "bench", "--non-interactive"]


def imports() -> dict[str, tuple[float, float]]:
    """Return module → seconds and MB of a process that imports it and nothing else."""
    measured = {}
    for module in IMPORTS:
        command = [sys.executable, "-c", MEASURE, module]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=True
        )
        seconds, mebibytes = json.loads(done.stdout)
        measured[module] = (seconds, mebibytes)
    return measured


def report(ours: list[float], theirs: list[float], counts: Mapping[str, int]) -> str:
    """Measure the imports and return everything as Markdown."""
    middle = statistics.median
    listed = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS)
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    lines = [
        f"# Preview that finds nothing to do, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        f"{machine}; medians of {len(ours)}, in turn. Both stacks: {listed}.",
        "",
        "| Preview | Median s | All s |",
        "|---|---|---|",
        *(
            f"| {name} | {middle(all_):.2f} | {', '.join(f'{one:.2f}' for one in all_)} |"
            for name, all_ in (("stack `local`", ours), ("bare resources", theirs))
        ),
        "",
        f"Ratio: {middle(ours) / middle(theirs):.2f} (allowed: {ALLOWED}).",
        "",
        "| Import | s | MB of the process |",
        "|---|---|---|",
        *(f"| `{name}` | {s:.2f} | {mb:.0f} |" for name, (s, mb) in imports().items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, record when asked; return 1 when Estate costs more than allowed."""
    parser = argparse.ArgumentParser(prog="bench.noop")
    parser.add_argument("--record", action="store_true", help="write bench/results/<date>.md")
    record = parser.parse_args().record
    engine = made("local")
    counts = counts_of(engine)
    ours, theirs = [], []
    with bare_stack(engine, counts) as (folder, environment):
        for _ in range(RUNS):
            ours.append(run(engine.command(*NOTHING_TO_DO), ROOT, engine.environment))
            theirs.append(run(bare(*NOTHING_TO_DO), folder, environment))
    text = report(ours, theirs, counts)
    print(text, end="")
    if record:
        file = ROOT / "bench/results" / f"{datetime.now(UTC):%Y-%m-%d}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return int(statistics.median(ours) > ALLOWED * statistics.median(theirs))


if __name__ == "__main__":
    sys.exit(main())
