"""What the pages tell a person to click or to type exists."""

import re
from pathlib import Path

import pytest

from ops.__main__ import main
from tests.unit.stack_files import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """Return what may follow `#` in a link, as the forges derive it from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_make_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"`(make [^`]+)`|^(?: {4}|\$ )(make .+)$", text, re.MULTILINE)
    named = {re.sub(r"^make (-s )?", "", one or other).split()[0] for one, other in code}
    assert named <= TARGETS


OPERATIONS = [
    *("up", "down", "preview", "drift", "health", "env", "test"),
    *("releases", "backups", "offsite", "drill", "rollback", "restore", "tenant-new"),
    *("site-backup", "site-restore"),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_explains_itself(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([operation, "--help"])
    assert ended.value.code == 0
    assert f"usage: ops {operation}" in capsys.readouterr().out


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
