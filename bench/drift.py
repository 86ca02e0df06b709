"""What looking for drift costs on many equal services, against a preview and the engine's refresh.

All three are run in turn, so that a busy minute falls on each. Usage:
`.venv/bin/python -m bench.drift [--record]`; the exit code is 1 when looking takes more than two
seconds longer than a preview.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bench.noop import run
from ops.engine import Engine
from ops.workplace import PRIVATE, ROOT, engine_environment
from settings.types import STRANGERS

COUNTS = (20, 40)
RUNS = 3
ALLOWED_S = 2.0
"""More than a preview of as many services."""
STACK = "bench-drift"
LOOK = """
import sys
from pathlib import Path
from ops.drift import tell
from ops.engine import Engine
sys.exit(tell(Engine(sys.argv[1], config_file=Path(sys.argv[2]))))
"""
REFRESH = ("refresh", "--preview-only", "--run-program", "--expect-no-changes")
Times = dict[str, list[float]]


@contextmanager
def equal_services() -> Iterator[tuple[Engine, Path]]:
    """Give a stack whose program declares BENCH_COUNT services, and take them away afterwards."""
    images = json.loads((PRIVATE / "images.json").read_text(encoding="utf-8"))
    config = {
        "estate:hosts": {"local": {"url": "unix:///var/run/docker.sock", "address": "127.0.0.1"}},
        "estate:tools": {"image": images["tools"]["ref"]},
        # What else this machine runs is not looked for here.
        "estate:drift": {"ignore": [f"{kind}:*" for kind in STRANGERS]},
    }
    with tempfile.TemporaryDirectory(prefix="estate-bench-") as place:
        folder = Path(place)
        environment = engine_environment() | {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PYTHONPATH": str(ROOT),
            "BENCH_COUNT": str(COUNTS[0]),
        }
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        project = {"name": "estate", "runtime": runtime, "main": "program"}
        (folder / "program").mkdir()
        program = (ROOT / "bench/equal_services.py").read_text(encoding="utf-8")
        (folder / "program/__main__.py").write_text(program, encoding="utf-8")
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        file = folder / f"Pulumi.{STACK}.yaml"
        file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
        engine = Engine(STACK, environment=environment)
        run(["pulumi", "stack", "init", STACK, "--non-interactive"], folder, environment)
        try:
            yield engine, folder
        finally:
            run(engine.command("destroy", "--yes", "--skip-preview"), folder, environment)


def measured(engine: Engine, folder: Path, count: int) -> Times:
    """Bring up as many services, and return what looking at them takes, in seconds."""
    engine.environment["BENCH_COUNT"] = str(count)
    run(engine.command("up", "--yes", "--skip-preview"), folder, engine.environment)
    file = folder / f"Pulumi.{STACK}.yaml"
    commands = {
        "preview": engine.command("preview", "--expect-no-changes"),
        "drift check": [sys.executable, "-c", LOOK, STACK, str(file)],
        "engine's refresh": engine.command(*REFRESH),
    }
    times: Times = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(run(command, folder, engine.environment))
    return times


def report(found: dict[int, Times]) -> str:
    """Return everything as Markdown."""
    middle = statistics.median
    lines = [
        f"# Looking for drift, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {RUNS}, in turn.",
        "",
        "| Services | What | Median s | All s | To the preview |",
        "|---|---|---|---|---|",
    ]
    for count, times in found.items():
        preview = middle(times["preview"])
        lines += [
            f"| {count} | {name} | {middle(all_):.2f} | {', '.join(f'{s:.2f}' for s in all_)} "
            f"| {middle(all_) / preview:.2f} |"
            for name, all_ in times.items()
        ]
    return "\n".join([*lines, "", f"Allowed: {ALLOWED_S:.0f} s more than the preview.", ""])


def main() -> int:
    """Measure, print, record when asked; return 1 when looking costs more than allowed."""
    parser = argparse.ArgumentParser(prog="bench.drift")
    parser.add_argument("--record", action="store_true", help="write bench/results/<date>-drift.md")
    record = parser.parse_args().record
    with equal_services() as (engine, folder):
        found = {count: measured(engine, folder, count) for count in COUNTS}
    text = report(found)
    print(text, end="")
    if record:
        file = ROOT / "bench/results" / f"{datetime.now(UTC):%Y-%m-%d}-drift.md"
        file.write_text(text, encoding="utf-8")
    middle = statistics.median
    return int(
        any(
            middle(one["drift check"]) > middle(one["preview"]) + ALLOWED_S
            for one in found.values()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
