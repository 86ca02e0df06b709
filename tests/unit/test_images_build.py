"""What decides whether an image is built again, and what goes into its context."""

from __future__ import annotations

import io
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from local.images.build import programs
from local.images.build.catalog import FOLDER, IMAGES, with_parents
from local.images.build.errors import BuildError
from local.images.build.source import hash_source, write_context

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "image"
    (made / "src").mkdir(parents=True)
    (made / "Dockerfile").write_text("FROM scratch\n")
    (made / "start.sh").write_text("#!/bin/sh\n")
    (made / "src" / "go.mod").write_text("module x\n")
    return made


def test_the_hash_changes_with_everything_that_matters_and_nothing_else(folder: Path) -> None:
    first = hash_source(folder, parent="p", arguments={})
    assert hash_source(folder, parent="q", arguments={}) != first
    assert hash_source(folder, parent="p", arguments={"A": "1"}) != first
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("x")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "x.js").write_text("x")
    (folder / "start.sh").touch()
    assert hash_source(folder, parent="p", arguments={}) == first
    (folder / "start.sh").chmod(0o755)
    executable = hash_source(folder, parent="p", arguments={})
    assert executable != first
    (folder / "src" / "go.mod").write_text("module y\n")
    assert hash_source(folder, parent="p", arguments={}) not in {first, executable}


def test_the_context_holds_the_programs_but_not_their_source(folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "traefik"
    program.write_text("binary")
    file = io.BytesIO()
    write_context(file, folder, {"traefik": program})
    with tarfile.open(fileobj=file) as context:
        assert sorted(context.getnames()) == ["Dockerfile", "start.sh", "traefik"]
        assert {(member.uid, member.mtime) for member in context} == {(0, 0)}


def test_what_an_image_borrows_is_in_its_hash_and_its_context(folder: Path, tmp_path: Path) -> None:
    lender = tmp_path / "lender"
    lender.mkdir()
    (lender / "part.mjs").write_text("1")
    borrowed = {"app/vendor/part": lender}

    def hashed() -> str:
        return hash_source(folder, parent="p", arguments={}, borrowed=borrowed)

    first = hashed()
    assert first != hash_source(folder, parent="p", arguments={})
    (lender / "part.mjs").write_text("2")
    assert hashed() != first
    file = io.BytesIO()
    write_context(file, folder, borrowed)
    with tarfile.open(fileobj=file) as context:
        assert "app/vendor/part/part.mjs" in context.getnames()


def test_what_is_borrowed_exists() -> None:
    for image in IMAGES.values():
        assert all(path.is_dir() for path in image.loans.values()), image.name


def test_an_image_brings_its_parents_in_build_order() -> None:
    assert [image.name for image in with_parents(["tickets"])] == ["node22-bun", "tickets"]
    assert [image.name for image in with_parents(list(IMAGES))] == list(IMAGES)


def test_every_image_has_a_dockerfile_with_a_base_that_can_be_replaced() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/Dockerfile")}
    assert folders == set(IMAGES)
    for image in IMAGES.values():
        lines = (image.folder / "Dockerfile").read_text().splitlines()
        assert any(line.startswith("ARG BASE=") for line in lines), image.name
        assert [line for line in lines if line.startswith("FROM")] == ["FROM ${BASE}"]


@pytest.mark.parametrize("name", ["traefik", "pebble"])
def test_versions_come_from_the_go_module(name: str) -> None:
    module = (FOLDER / name / "src" / "go.mod").read_text()
    paths = {
        "traefik": "github.com/traefik/traefik/v3",
        "pebble": "github.com/letsencrypt/pebble/v2",
    }
    version = programs.module_version(module, f"{paths[name]}/cmd/{name}")
    assert version[0].isdigit()
    with pytest.raises(BuildError, match=r"go\.mod does not require example\.com/x"):
        programs.module_version(module, "example.com/x/cmd/x")


def test_a_program_that_could_not_be_made_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildError, match="go is not on PATH"):
        programs.bring("pebble")
    left = [path.suffix for path in (tmp_path / "estate" / "tools").iterdir()]
    assert left == [".lock"]


def test_two_checkouts_that_want_the_same_program_make_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    begun, others_begun = threading.Event(), threading.Event()

    def make(target: Path) -> None:
        assert not begun.is_set(), "made twice"
        begun.set()
        others_begun.wait(timeout=60)
        (target / "program").write_text("made")

    with ThreadPoolExecutor() as pool:
        first = pool.submit(programs._kept, "x", [], make)
        assert begun.wait(timeout=60)
        second = pool.submit(programs._kept, "x", [], make)
        assert not second.done()
        others_begun.set()
        assert first.result(timeout=60) == second.result(timeout=60)
    assert (second.result() / "program").read_text() == "made"
