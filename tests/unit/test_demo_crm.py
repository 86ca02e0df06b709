"""What the CRM demonstration promises by its files: scripts, locks, migrations."""

from __future__ import annotations

import json
import re
from typing import get_args

from local.images.build.catalog import FOLDER, IMAGES
from tests.engine.releases import Fault

APP = FOLDER / "crm" / "app"


def test_the_scripts_exist() -> None:
    scripts = json.loads((APP / "package.json").read_text())["scripts"]
    assert {"build", "start", "seed"} <= set(scripts)
    for command in scripts.values():
        assert (APP / command.split()[-1]).is_file(), command


def test_packages_are_pinned_by_checksum_and_without_an_address() -> None:
    package = json.loads((APP / "package.json").read_text())
    text = (APP / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]
    assert "http" not in text
    assert locked[""]["dependencies"] == package["dependencies"]
    for name, source in package["dependencies"].items():
        if source.startswith("file:./"):
            assert f"app/{source.removeprefix('file:./')}" in IMAGES["crm"].borrowed
        else:
            assert locked[f"node_modules/{name}"]["version"] == source
    fetched = [
        one
        for name, one in locked.items()
        if name.startswith("node_modules/") and not one.get("link")
    ]
    assert fetched
    assert all("integrity" in one for one in fetched)


def test_migrations_are_dated_and_the_planted_ones_would_be_the_last() -> None:
    folders = sorted(path.parent.name for path in (APP / "prisma").rglob("migration.sql"))
    assert len(folders) == 3
    assert all(re.fullmatch(r"\d{14}_[a-z_]+", name) for name in folders)
    planted = re.findall(r"\d{14}_[a-z_]+", (APP / "src" / "faults.mjs").read_text())
    assert len(planted) == 6
    assert min(planted) > folders[-1]


def test_every_fault_that_tests_can_ask_for_is_described() -> None:
    known = set(
        re.findall(r"^//   ([a-z-]+) ", (APP / "src" / "faults.mjs").read_text(), re.MULTILINE)
    )
    assert known == set(get_args(Fault))
