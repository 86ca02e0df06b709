"""The line that starts Convex, against a bash script that traces itself as the image's does."""

import subprocess
from pathlib import Path

from components.apps.tickets.services import start_backend

SECRET = "ab12" * 16
SCRIPT = """#!/bin/bash
set -ex
export INSTANCE_SECRET=${INSTANCE_SECRET:-none}
exec printf 'serving with %d characters at %s\\n' "${#INSTANCE_SECRET}" "$ORIGIN"
"""


def start(folder: Path, line: str) -> str:
    """Run a start line beside the script; return all that it printed."""
    script = folder / "run_backend.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout + done.stderr


def test_the_backend_gets_its_secret_and_its_log_does_not(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    assert start(tmp_path, start_backend(str(file), {"ORIGIN": "http://a b's"})) == (
        "serving with 64 characters at http://a b's\n"
    )


def test_the_script_alone_would_print_it(tmp_path: Path) -> None:
    assert SECRET in start(tmp_path, f"export INSTANCE_SECRET={SECRET}; exec ./run_backend.sh")
