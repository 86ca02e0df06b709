"""What the tickets demonstration promises by its files: scripts, locks, migrations."""

from __future__ import annotations

import json
import re

from local.images.build.catalog import FOLDER

APP = FOLDER / "tickets" / "app"


def test_the_scripts_of_the_runbooks_exist() -> None:
    scripts = json.loads((APP / "package.json").read_text())["scripts"]
    assert {"start:bun", "build:bun", "auth:seed", "queues:ensure"} <= set(scripts)
    for command in scripts.values():
        assert (APP / command.split()[-1]).is_file(), command


def test_everything_installs_without_a_registry() -> None:
    dependencies = json.loads((APP / "package.json").read_text())["dependencies"]
    lock = (APP / "bun.lock").read_text()
    for name, source in dependencies.items():
        assert source == f"file:./vendor/{name}"
        assert f'"{name}@file:vendor/{name}"' in lock
    assert "http" not in lock


def test_migrations_are_dated_and_the_broken_one_would_be_the_last() -> None:
    folders = sorted(path.parent.name for path in (APP / "prisma").rglob("migration.sql"))
    assert folders
    assert all(re.fullmatch(r"\d{14}_[a-z_]+", name) for name in folders)
    broken = re.search(r"\d{14}_broken", (APP / "scripts" / "build.mjs").read_text())
    assert broken is not None
    assert broken[0] > folders[-1]


def test_stand_ins_say_that_they_are() -> None:
    for name in ("prisma", "convex"):
        program = APP / "vendor" / name / f"{name}.mjs"
        assert "stand-in" in program.read_text()
        assert program.stat().st_mode & 0o111, "the package manager links it as it is"
