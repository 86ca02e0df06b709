"""Copies every site of a bench because the clock has asked; runs in a service on its image.

Given in the environment: RELEASE, KEEP, LIMIT_S. The last line of stdout starts with `ESTATE ` and
holds how it went, as the programs of other sources say it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from steps.scripts import site_copies
from steps.scripts.bench_main import COPIES, as_owner
from steps.scripts.bench_tool import ROOT_PASSWORD_FILE, SITES, Bench, BenchError

MARK = "ESTATE "
SHOWN = 3
"""Sites that a message names."""


def answer(said: dict[str, Any]) -> dict[str, Any]:
    """Return what the clock is told; pure."""
    failed = said["errors"]
    if not failed:
        return {"state": "sites", "copies": said["copies"]}
    told = [f"{site}: {why.splitlines()[-1][:200]}" for site, why in sorted(failed.items())]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    why = f"{len(told)} of {len(told) + len(said['copies'])} sites: {'; '.join(told[:SHOWN])}{more}"
    return {"error": {"source": "sites", "code": "failed", "why": why}}


def main(_argv: list[str]) -> int:
    """Copy; return the exit code."""
    root_password = Path(ROOT_PASSWORD_FILE).read_text(encoding="utf-8").strip()
    if os.geteuid() == 0:
        as_owner(SITES, COPIES.parent, COPIES)
    asked = {
        "root": COPIES.parent,
        "sites": [],
        "release": os.environ["RELEASE"],
        "keep": int(os.environ["KEEP"]),
        "limit_s": float(os.environ["LIMIT_S"]),
    }
    bench = Bench(SITES, root_password)
    try:
        said = answer(site_copies.copy(bench, asked))
    except BenchError as error:
        why = bench.hide(str(error))
        said = {"error": {"source": "sites", "code": "failed", "why": why}}
    sys.stdout.write(MARK + json.dumps(said) + "\n")
    return 1 if "error" in said else 0
