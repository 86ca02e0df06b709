"""What real make ends with, when the work itself is a program that ends as it is told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.workplace import ROOT

PARTS = ("python", "engine", "plugins", "docker", "names", "images")
WORK = """#!/bin/sh
echo "ran: $*"
echo "told: $TOLD"
exit "${CODE:-0}"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile and what builds make's function; the set-up has nothing else to do."""
    setup, work = tmp_path / "local/setup", tmp_path / ".venv/bin/python"
    setup.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("run", "common.sh", "make_exec.sh", "make_exec.c"):
        shutil.copy(ROOT / "local/setup" / name, setup)
    for part in PARTS:
        (setup / f"{part}.sh").write_text(f"setup_{part}() {{ :; }}\n")
    work.parent.mkdir(parents=True)
    work.write_text(WORK)
    work.chmod(0o755)
    return tmp_path


def make(checkout: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    inherited = ("MAKE", "MFLAGS", "STACK")
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(inherited)
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={**environment, "CODE": str(code)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "ran"),
    [
        (("drift", "STACK=prod"), 7, "drift prod"),
        (("-s", "drift"), 7, "drift local"),
        (("-j2", "-k", "drift"), 7, "drift local"),
        (("health", "STACK=prod"), 8, "health prod"),
        (("preview",), 1, "preview local"),
        (("up",), 255, "up local"),
        (("up",), 0, "up local"),
        (("down", "FORCE=1"), 3, "down local --force"),
        (("rollback", "APP=crm", "TO=a,b", "DRY=1"), 9, "rollback local --app crm --to a,b --dry"),
        (("restore", "APP=crm", "FROM=latest"), 1, "restore local --app crm --from latest"),
    ],
)
def test_make_ends_as_the_work_has_ended(
    checkout: Path, arguments: tuple[str, ...], code: int, ran: str
) -> None:
    for run in ("the first in a checkout", "a later one"):
        done = make(checkout, *arguments, code=code)
        assert done.returncode == code, run + done.stderr
        assert done.stdout.split("\n")[0].split() == ["ran:", "-m", "ops", *ran.split()]
        assert done.stderr == ""


def test_the_work_has_the_variables_of_the_command_line_as_in_any_recipe(checkout: Path) -> None:
    done = make(checkout, "drift", "TOLD=it's a, $$b", code=7)
    assert done.returncode == 7
    assert "told: it's a, $b\n" in done.stdout


def test_a_make_in_a_make_gets_the_exact_code(checkout: Path) -> None:
    (checkout / "outer.mk").write_text("all:\n\t@$(MAKE) -s drift; test $$? = 7\n")
    done = make(checkout, "-f", "outer.mk", code=7)
    assert done.returncode == 0, done.stderr
    assert "ran: -m ops drift local" in done.stdout


def test_make_n_shows_the_work_and_does_none(checkout: Path) -> None:
    for _first_and_later in range(2):
        shown = make(checkout, "-n", "-s", "drift", code=7)
        assert shown.returncode == 0
        assert ".venv/bin/python -m ops drift local" in shown.stdout
        assert "ran:" not in shown.stdout


def test_the_set_up_comes_first_and_its_failure_is_not_taken_for_an_answer(checkout: Path) -> None:
    (checkout / "local/setup/engine.sh").write_text("setup_engine() { die 'no engine' 'mend it'; }")
    done = make(checkout, "drift", code=7)
    assert done.returncode == 2
    assert "no engine" in done.stderr
    assert "ran:" not in done.stdout


def test_two_goals_are_both_worked_at(checkout: Path) -> None:
    done = make(checkout, "drift", "health")
    assert done.returncode == 0
    assert "drift" in done.stdout
    assert "health" in done.stdout


def test_without_a_compiler_the_work_is_done_all_the_same(checkout: Path) -> None:
    part = "setup_make_exec() { die 'no compiler' 'install one'; }\n"
    (checkout / "local/setup/make_exec.sh").write_text(part)
    done = make(checkout, "drift", code=7)
    assert done.returncode == 2
    assert "ran: -m ops drift local" in done.stdout
    assert "no compiler" in done.stderr
    assert "Error 7" in done.stderr


def test_what_was_built_from_another_source_is_built_again(checkout: Path) -> None:
    built = checkout / ".estate/make_exec.so"
    built.parent.mkdir()
    built.write_text("of another machine")
    os.utime(built, (0, 0))
    assert make(checkout, "drift", code=7).returncode == 7
