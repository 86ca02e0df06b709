from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from steps.scripts import folder_copy, folder_files, folder_restore, records

if TYPE_CHECKING:
    from collections.abc import Callable


class Copies:
    """Stands in for restic: a snapshot is what the folder held; `spoil` changes what comes back."""

    def __init__(self, spoil: Callable[[Path], object] = lambda _path: None) -> None:
        self.snapshot: dict[str, str] = {}
        self.spoil = spoil
        self.forgotten: list[str] = []

    def open(self) -> None:
        """Nothing to open."""

    def back_up(self, folder: Path, _tags: dict[str, str], _excludes: list[str]) -> str:
        files = (one for one in folder.rglob("*") if one.is_file())
        self.snapshot = {str(one.relative_to(folder)): one.read_text() for one in files}
        self.place = folder
        return "5a" * 32

    def restore(self, _snapshot: str, target: Path) -> None:
        for name, text in self.snapshot.items():
            file = target / self.place.relative_to("/") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.spoil(target / self.place.relative_to("/"))

    def ids(self) -> list[str]:
        return ["5a" * 32, "never proven", "of another source"]

    def snapshots(self, _tags: dict[str, str]) -> list[str]:
        return ["5a" * 32, "never proven"]

    def forget(self, snapshots: list[str]) -> None:
        self.forgotten += snapshots


def filled(tmp_path: Path) -> tuple[Path, Path]:
    live = tmp_path / "uploads"
    live.mkdir()
    (live / "deep").mkdir()
    (live / "deep" / "one").write_text("first")
    (live / "two").write_text("second")
    return tmp_path / "backups" / "uploads", live


def take(folder: Path, live: Path, copies: Copies) -> dict[str, Any]:
    manifest = folder_copy.take(folder, live, "r1", copies)  # type: ignore[arg-type]  # stands in
    assert manifest is not None
    return manifest


def texts(live: Path) -> dict[str, str]:
    found = folder_files.scan(live)
    return {name: (live / name).read_text() for name, one in found.items() if one[0] == "file"}


BEFORE = {"deep/one": "first", "two": "second"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda restored: (restored / "two").write_text("sEcond"),
        lambda restored: (restored / "two").unlink(),
        lambda restored: (restored / "two").chmod(0o777),
        lambda restored: (restored / "three").write_text("more"),
    ],
    ids=["other content", "missing", "other mode", "too many"],
)
def test_a_copy_that_is_not_the_source_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    folder, live = filled(tmp_path)
    with pytest.raises(records.RefusedError) as caught:
        take(folder, live, Copies(spoil))
    assert caught.value.code == "differs"
    assert records.proven(folder) == []


def test_what_the_source_changed_itself_is_reported(tmp_path: Path) -> None:
    folder, live = filled(tmp_path)
    manifest = take(folder, live, Copies(lambda _path: (live / "new").write_text("later")))
    assert "changed meanwhile" not in manifest["proof"]  # it is in neither list
    copies = Copies(lambda restored: (restored / "two").write_text("between"))
    before = copies.back_up

    def back_up(folder: Path, tags: dict[str, str], excludes: list[str]) -> str:
        (live / "two").write_text("at last")
        return before(folder, tags, excludes)

    copies.back_up = back_up  # type: ignore[method-assign, assignment]  # the source changes meanwhile
    assert "1 changed meanwhile: two" in take(folder, live, copies)["proof"]


def test_snapshots_that_were_never_proven_go_and_the_newest_proven_stays(tmp_path: Path) -> None:
    folder, live = filled(tmp_path)
    copies = Copies()
    manifest = take(folder, live, copies)
    assert folder_copy.prune(folder, 0, copies) == []  # type: ignore[arg-type]  # stands in
    assert copies.forgotten == ["never proven"]
    assert [one["file"] for one in records.proven(folder)] == [manifest["file"]]


class KilledError(BaseException):
    """Stands for a kill: no handler of ours catches it."""


@pytest.mark.parametrize("at", range(8))
def test_a_restore_killed_at_any_rename_ends_right_in_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    folder, live = filled(tmp_path)
    copies: Any = Copies()
    file = take(folder, live, copies)["file"]
    (live / "two").write_text("spoilt")
    (live / "new").write_text("new")
    spoilt = {**BEFORE, "two": "spoilt", "new": "new"}
    left = iter(range(at))
    killed = False
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        nonlocal killed
        if not killed and next(left, None) is None:
            killed = True
            raise KilledError
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", once)
        try:
            folder_restore.restore(folder, live, file, copies)
        except KilledError:
            folder_restore.restore(folder, live, file, copies)
    assert texts(live) == BEFORE
    (aside,) = live.glob(".replaced-*")
    assert texts(aside) == spoilt
    assert sorted(path.name for path in live.iterdir()) == [aside.name, "deep", "two"]


def test_a_snapshot_that_changed_replaces_nothing(tmp_path: Path) -> None:
    folder, live = filled(tmp_path)
    copies: Any = Copies()
    file = take(folder, live, copies)["file"]
    copies.snapshot["two"] = "forged"
    with pytest.raises(records.RefusedError, match="two"):
        folder_restore.restore(folder, live, file, copies)
    assert texts(live) == BEFORE
