"""Releases of the demonstrations: other builds, and builds with something wrong."""

import subprocess
import sys
from typing import Literal

from ops.workplace import ROOT

Fault = Literal[
    "none",
    "crash",
    "unhealthy",
    "bad-migration",
    # Of the CRM alone:
    "crash-later",
    "sick-outside",
    "bad-seed",
    "half-migration",
    "half-live-migration",
    "slow-migration",
    "slow-live-migration",
    "new-column",
]


def release(
    name: str = "demo", *, fault: Fault = "none", image: Literal["tickets", "crm"] = "tickets"
) -> str:
    """Build and push a release of a demonstration; return its reference with digest.

    Args:
        name: what its start page and /api/health call the build.
        fault: what it does wrong, see local/images/<image>/app/src/faults.mjs.
        image: which demonstration.
    """
    variant = [f"DEMO_RELEASE={name}", f"DEMO_FAULT={fault}"]
    built = subprocess.run(
        [sys.executable, "-m", "local.images.build", image, *variant],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def missing(reference: str) -> str:
    """Return a reference to the same repository with a digest that no registry has."""
    return f"{reference.partition('@')[0]}@sha256:{'e' * 64}"
