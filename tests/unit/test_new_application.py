"""docs/new-application.md, built into a copy of the project, declares what it promises."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.stack_files import ROOT, STRONG

PAGE = ROOT / "docs" / "new-application.md"
SECRET = STRONG[::-1]
COPIED = ("settings", "components", "steps", "ops", "tests", "__main__.py", "pyproject.toml")
PHASES = ["backup", "migrate", "switch", "verify"]

LOOK = """
import json, sys
from dataclasses import asdict
from ops.applications import applications
from settings import SettingsError, load
from tests.unit.declared import declared
from tests.unit.stack_files import changed, raw

changes = json.load(sys.stdin)
try:
    estate = load(raw(changed(changes)), "prod")
except SettingsError as error:
    print(json.dumps({"mistakes": error.mistakes}))
else:
    found = {key: asdict(one) for key, one in declared(changes).items()}
    found["released"] = [one.name for one in applications(estate)]
    print(json.dumps(found, default=sorted))
"""


def blocks(language: str) -> list[tuple[str, str]]:
    """Return each code block of a language with the last path that stands before it."""
    found, path = [], ""
    pattern = rf"^.*`([\w./]+\.py)`|^```{language}\n([\s\S]*?)^```$"
    for match in re.finditer(pattern, PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        path = match[1] or path
        if match[2]:
            found.append((path, match[2]))
    return found


def patch(file: Path, diff: str) -> None:
    """Change a file as a block says, whose lines without sign stand in it exactly once."""
    lines = [(line[:1], line[1:]) for line in diff.splitlines()]
    before = "\n".join(text for sign, text in lines if sign != "+")
    after = "\n".join(text for sign, text in lines if sign != "-")
    whole = file.read_text(encoding="utf-8")
    assert whole.count(f"{before}\n") == 1, f"{file.name} has no such lines: {before}"
    file.write_text(whole.replace(f"{before}\n", f"{after}\n"), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's code in place."""
    copy = tmp_path_factory.mktemp("project")
    for name in COPIED:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, copy)
    for path, code in blocks("python"):
        assert not (copy / path).exists()
        (copy / path).write_text(code, encoding="utf-8")
    for path, diff in blocks("diff"):
        for place in re.split(r"\n(?= .*\n\+)", diff.rstrip("\n")):
            patch(copy / path, place)
    return copy


def stack() -> dict[str, object]:
    """The page's part of a stack file, as changes of the valid one."""
    ((_, text),) = blocks("yaml")
    config = yaml.safe_load(text)
    given: dict[str, object] = {key.removeprefix("estate:"): one for key, one in config.items()}
    return {**given, "wikiSecrets": {"SESSION_SECRET": SECRET}}


def look(project: Path, changes: Mapping[str, object]) -> dict[str, Any]:
    """Return what the program in the copy declares."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=project,
        input=json.dumps(changes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def declared(project: Path) -> dict[str, Any]:
    return look(project, stack())


def test_the_page_is_short_and_its_code_keeps_the_house_rules(project: Path) -> None:
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 150
    new = [path for path, _ in blocks("python")]
    assert new == ["settings/wiki.py", "components/apps/wiki.py"]
    for tool in (["ruff", "check", "--no-cache"], ["ruff", "format", "--no-cache", "--check"]):
        command = [sys.executable, "-m", *tool, *new, "settings/estate.py", "__main__.py"]
        done = subprocess.run(
            command, cwd=project, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_release_is_the_chain_with_the_service_in_it(declared: dict[str, Any]) -> None:
    for count, phase in enumerate(PHASES, 1):
        one = declared[f"Command:wiki-{phase}"]
        given = json.loads(one["inputs"]["environment"]["STEP_INPUT"])
        assert [each["name"] for each in given["phases"]] == PHASES[:count]
        if count > 1:
            assert f"Command:wiki-{PHASES[count - 2]}" in one["after"]
    assert "Command:wiki-switch" in declared["Service:wiki"]["after"]
    assert {"Service:wiki", "Service:traefik"} <= set(declared["Command:wiki-verify"]["after"])
    assert {"Volume:wiki_data", "Volume:wiki_backups"} <= set(
        declared["Command:wiki-backup"]["after"]
    )


def test_the_data_goes_back_with_the_image(declared: dict[str, Any]) -> None:
    given = json.loads(declared["Command:wiki-verify"]["inputs"]["environment"]["STEP_INPUT"])
    assert (given["mode"], given["writers"], given["service"]) == ("offline", ["wiki"], "wiki")
    source = {"kind": "sqlite", "name": "wiki", "volume": "wiki_data", "path": "wiki.sqlite"}
    assert given["phases"][0]["plan"]["sources"] == [source]
    (question,) = given["verify"]["questions"]
    assert question["url"] == "http://wiki.example.com/healthz"


def test_its_volumes_are_protected(declared: dict[str, Any]) -> None:
    for name in ("wiki_data", "wiki_backups"):
        volume = declared[f"Volume:{name}"]
        assert volume["options"]["protect"] is True
        assert volume["options"]["retainOnDelete"] is True
        assert volume["parent"] == "Wiki:wiki"


def test_its_secret_is_shown_nowhere(declared: dict[str, Any]) -> None:
    (file,) = (one for key, one in declared.items() if key.startswith("Secret:wiki_env_"))
    assert file["secret"] == ["data"]
    for key, one in declared.items():
        if key == "released":
            continue
        shown = {name: value for name, value in one["inputs"].items() if name not in one["secret"]}
        assert SECRET not in json.dumps(shown)
    for phase in PHASES:
        one = declared[f"Command:wiki-{phase}"]
        assert one["secret"] == ["stdin"]
        assert SECRET in json.loads(one["inputs"]["stdin"])["hidden"]


def test_its_domain_gets_a_record_and_a_route(declared: dict[str, Any]) -> None:
    rule = {"label": "traefik.http.routers.wiki.rule", "value": "Host(`wiki.example.com`)"}
    assert rule in declared["Service:wiki"]["inputs"]["labels"]
    names = {one["inputs"]["name"] for key, one in declared.items() if key.startswith("DnsRecord:")}
    assert "wiki.example.com" in names


def test_a_person_can_name_it_and_the_others_are_as_before(declared: dict[str, Any]) -> None:
    assert declared["released"] == ["sistema", "sistema-convex", "wiki"]


def test_its_settings_are_checked_like_all_others(project: Path) -> None:
    wrong = {
        "wikiSecrets": None,
        "wiki.name": "sistema",
        "wiki.host": "moon",
        "wiki.web.domain": "tickets.example.com",
        "wiki.web.memory_limit": "64M",
    }
    domain = "is the domain of estate:tickets.web.domain too; each needs its own"
    assert look(project, {**stack(), **wrong})["mistakes"] == [
        f"estate:wiki.web.domain: {domain}",
        "estate:wiki.host: needs the name of a host in estate:hosts: vps",
        "estate:wiki.web.memory_reservation: needs at most the memory_limit beside it",
        "estate:wiki.name: is estate:tickets.name too; each needs its own",
        "estate:wikiSecrets: is missing: estate:wiki needs SESSION_SECRET",
    ]
