"""The scripts of the workflows with planted secrets: none is shown, or is on a command line."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.stack_files import ROOT

STUB = """#!/bin/sh
echo "$0 $*" >> "$CALLS"
case "$0 $*" in *" diff"*) exit 1 ;; esac
"""
PROGRAMS = ("sudo", "make", "pulumi", "git", "gh", "npm", "python")
VALUES = {"STACK": "prod", "PULL": "7", "IMAGE": "a@sha256:b", "COMMIT": "c0ffee", "TARGET": "main"}


def scripts() -> list[Any]:
    """Each script that is given a secret."""
    return [
        pytest.param(one, id=f"{file.stem}: {one.get('name')}")
        for file in sorted((ROOT / ".github/workflows").glob("*.yml"))
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        for one in job["steps"]
        if "run" in one and "secrets." in str(one.get("env"))
    ]


def planted(one: dict[str, Any]) -> dict[str, str]:
    """Each secret of a step under its own name, with a value that is found nowhere else."""
    return {
        name: f"canary-{name.lower()}"
        for name, value in one["env"].items()
        if re.search(r"secrets\.\w+", value)
    }


def environment(folder: Path) -> dict[str, str]:
    """Where the programs that a script starts only write down how they were started."""
    stubs = folder / ".venv/bin"
    stubs.mkdir(parents=True)
    for program in PROGRAMS:
        (stubs / program).write_text(STUB, encoding="utf-8")
        (stubs / program).chmod(0o755)
    (folder / "apps.json").write_text("[]", encoding="utf-8")
    return {
        **VALUES,
        "PATH": f"{stubs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "RUNNER_TEMP": str(folder),
        "CALLS": str(folder / "calls"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_OUTPUT": str(folder / "output"),
    }


def run(one: dict[str, Any], folder: Path) -> str:
    """Run a script as the forge does; return all that a log would have."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]],
        cwd=folder,
        env={**environment(folder), **planted(one)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_there_are_scripts_with_secrets() -> None:
    assert len(scripts()) >= 10


@pytest.mark.parametrize("one", scripts())
def test_no_log_and_no_command_line_has_a_secret(one: dict[str, Any], tmp_path: Path) -> None:
    seen = run(one, tmp_path)
    for file in ("calls", "summary", "output", "report.md"):
        seen += (tmp_path / file).read_text(encoding="utf-8") if (tmp_path / file).exists() else ""
    for secret in planted(one).values():
        assert secret not in seen


@pytest.mark.parametrize("one", [one for one in scripts() if "SSH_KEY" in str(one.values[0])])
def test_a_key_is_read_by_its_owner_alone(one: dict[str, Any], tmp_path: Path) -> None:
    run(one, tmp_path)
    key = tmp_path / ".ssh/estate"
    assert key.read_text(encoding="utf-8") == "canary-ssh_key\n"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (7, 0), (3, 3), (1, 1)])
def test_drift_is_told_by_its_issue_and_only_not_looking_is_red(
    code: int, ends_with: int, tmp_path: Path
) -> None:
    (one,) = [one.values[0] for one in scripts() if one.id == "drift: Look"]
    given = environment(tmp_path)
    (tmp_path / ".venv/bin/python").write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]]
    done = subprocess.run(command, cwd=tmp_path, env=given, timeout=60, check=False)
    assert done.returncode == ends_with
