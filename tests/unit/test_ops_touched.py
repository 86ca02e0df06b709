"""Which stacks a pull request could touch, and how a digest gets into a stack file."""

import json
import subprocess
from pathlib import Path

import pytest

from ops import pin, touched
from ops.errors import OpsError
from ops.pin import pinned
from ops.touched import stacks_of
from tests.unit.stack_files import DIGEST, ROOT, parts

STACKS = {"prod", "staging"}
NEW = "registry.example.com/erp@sha256:" + "c3" * 32


@pytest.mark.parametrize(
    ("files", "stacks"),
    [
        (["Pulumi.prod.yaml"], ["prod"]),
        (["docs/operate.md", "Pulumi.staging.yaml"], ["staging"]),
        (["components/dns.py"], ["prod", "staging"]),
        (["uv.lock", "Pulumi.prod.yaml"], ["prod", "staging"]),
        (["docs/operate.md", "tests/unit/x.py", "local/stack.yaml", ""], []),
        (["docs/Pulumi.prod.yaml"], []),
        ([], []),
    ],
)
def test_a_change_touches_the_stacks_that_it_could_change(
    files: list[str], stacks: list[str]
) -> None:
    assert stacks_of(files, STACKS) == stacks


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for stack in ("prod", "staging", "local"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config: {}\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    monkeypatch.setattr(touched, "ROOT", tmp_path)
    return tmp_path


def test_a_pull_request_is_compared_with_where_it_left(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = git(repository, "rev-parse", "HEAD")
    (repository / "Pulumi.staging.yaml").write_text("config: {a: 1}\n", encoding="utf-8")
    (repository / "a\nstacks=[]").write_text("", encoding="utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "second")
    assert touched.touched(base) == 0
    assert capsys.readouterr().out == 'stacks=["staging"]\n'


@pytest.mark.parametrize("base", ["0" * 40, "--output=/tmp/planted"])
def test_a_base_that_git_does_not_know_is_said(repository: Path, base: str) -> None:
    assert repository.exists()
    with pytest.raises(OpsError, match="fetch-depth"):
        touched.touched(base)
    assert not Path("/tmp/planted").exists()  # noqa: S108 - what must not appear


@pytest.mark.parametrize("stack", ["prod", "staging"])
@pytest.mark.parametrize("app", ["tickets", "crm"])
def test_only_the_one_line_changes(stack: str, app: str) -> None:
    before = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    after = pinned(before, app, NEW)
    old, new = before.splitlines(), after.splitlines()
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert [b for _, b in changed] == [f"    image: {NEW}"]
    assert parts(after)[app]["image"] == NEW
    assert json.dumps(parts(after)["edge"]) == json.dumps(parts(before)["edge"])


@pytest.mark.parametrize(
    ("app", "image", "said"),
    [
        ("crm", "registry.example.com/crm:latest", "no image with a digest"),
        ("crm", f"a@{DIGEST}\n  estate:x: 1", "no image with a digest"),
        ("wiki", NEW, "no image of estate:wiki"),
        ("hosts", NEW, "no image of estate:hosts"),
    ],
)
def test_what_cannot_be_pinned_is_refused(app: str, image: str, said: str) -> None:
    text = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    with pytest.raises(OpsError, match=said):
        pinned(text, app, image)


def test_the_file_of_the_stack_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config:\n  estate:erp:\n    host: a\n    image: old\n", encoding="utf-8")
    monkeypatch.setattr(pin, "stack_file", lambda _stack: file)
    assert pin.pin("prod", "erp", NEW) == 0
    assert file.read_text(encoding="utf-8").endswith(f"    image: {NEW}\n")
