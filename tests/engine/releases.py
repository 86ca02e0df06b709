"""Releases of the tickets demonstration: other builds, and builds with something wrong."""

import subprocess
import sys
from typing import Literal

from ops.workplace import ROOT

Fault = Literal["none", "crash", "unhealthy", "bad-migration"]


def release(name: str = "demo", *, fault: Fault = "none") -> str:
    """Build and push a release of the demonstration; return its reference with digest.

    Args:
        name: what its start page and /api/health call the build.
        fault: what it does wrong, see local/images/tickets/app/src/faults.mjs.
    """
    variant = [f"DEMO_RELEASE={name}", f"DEMO_FAULT={fault}"]
    built = subprocess.run(
        [sys.executable, "-m", "local.images.build", "tickets", *variant],
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
