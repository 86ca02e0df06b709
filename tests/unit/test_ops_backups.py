"""The copies that there are, which belong together, and their way to another Swarm."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ops import backups
from ops import kept as of_stack
from ops.errors import OpsError
from ops.saved_volume import Holding, holding, refuse_to_mix
from tests.unit.deployed import copy, deployed, engine, estate

OLD = [
    copy("database", "d1", "2026-11-20T10:00:00Z", release="a" * 12, tables={"users": 3}),
    copy("uploads", "u1", "2026-11-20T10:00:05Z", release="a" * 12),
]
NEW = [
    copy("database", "d2", "2026-11-21T10:00:00Z", tables={"users": 4, "rooms": 2}),
    copy("uploads", "u2", "2026-11-21T10:00:05Z"),
    copy("database", "d3", "2026-11-22T10:00:00Z", tables={"users": 9}),
    copy("uploads", "u3", "2026-11-22T10:00:05Z"),
]
KEPT = [*OLD, *NEW]


@pytest.mark.parametrize(
    ("wanted", "files"),
    [
        ("latest", {"d3", "u3"}),
        ("d1", {"d1", "u1"}),
        ("d2", {"d2", "u2"}),
        ("u3", {"d3", "u3"}),
        ("d1, u3", {"d1", "u3"}),
    ],
)
def test_one_file_brings_what_was_copied_with_it(wanted: str, files: set[str]) -> None:
    assert {one.file for one in backups.picked(KEPT, wanted)} == files


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("d9", "no proven copy d9; the newest is u3"), ("d1,d2", "copies of the same source")],
)
def test_a_choice_that_cannot_be_is_refused(wanted: str, message: str) -> None:
    with pytest.raises(OpsError, match=message):
        backups.picked(KEPT, wanted)
    with pytest.raises(OpsError, match="there is no proven copy"):
        backups.picked([], wanted)


def test_a_person_is_told_which_data_come_back_and_what_is_lost() -> None:
    text = "\n".join(backups.told([KEPT[2]], deployed()))
    assert "database  from d2, of 2026-11-21T10:00:00Z" in text
    assert "6 rows in 2 tables" in text
    assert "uploads   stays as it is" in text
    assert "lost      everything written since 2026-11-21T10:00:00Z" in text
    assert "crm-backend is stopped" in text


def test_the_table_says_how_each_kind_was_proven() -> None:
    text = backups.as_text({"crm": OLD})
    lines = [line.split() for line in text.splitlines()]
    assert lines[1] == [
        "crm",
        "database",
        "d1",
        OLD[0].created,
        "a" * 12,
        "postgres",
        *("10", "3", "2"),
    ]
    assert lines[2][-2:] == ["-", "2"]
    assert "proof (postgres): opened" in text
    assert backups.as_text({"crm": []}) == "no proven copy yet of crm\n"


def test_the_command_asks_each_application_that_makes_backups(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backups, "made", lambda _: engine())
    monkeypatch.setattr(backups, "estate_of", lambda _: estate())
    known = {"crm": deployed(), "sistema": deployed(backup=False)}
    monkeypatch.setattr(of_stack, "deployed", lambda _: known)
    monkeypatch.setattr(backups, "catalog", lambda _: tuple(KEPT))
    assert backups.backups("prod", None, as_json=True) == 0
    assert [one["file"] for one in json.loads(capsys.readouterr().out)["crm"]][:2] == ["d1", "u1"]
    with pytest.raises(OpsError, match="no backups are known on stack prod"):
        backups.backups("prod", "tickets", as_json=True)


def saved(folder: Path, *, content: bytes = b"copy", repository: bytes | None = b"id") -> Path:
    """Write what `SAVE=` would, with one copy of a database and one of a folder."""
    catalog: list[dict[str, Any]] = [
        {"source": "web", "file": "w1", "kind": "sqlite", "sha256": _sha(b"copy")},
        {"source": "uploads", "file": "u1", "kind": "folder", "sha256": "list of files"},
    ]
    members = {
        "backups/catalog.json": json.dumps(catalog).encode(),
        "backups/web/w1": content,
        "backups/uploads/u1.json": b"{}",
    }
    if repository is not None:
        members["backups/restic/config"] = repository
    file = folder / "saved.tar"
    with tarfile.open(file, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return file


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_saved_volume_tells_what_it_holds(tmp_path: Path) -> None:
    held = holding(saved(tmp_path))
    assert held.copies == {"web/w1": _sha(b"copy"), "uploads/u1": "list of files"}
    assert held.repository == _sha(b"id")


def test_a_copy_that_changed_on_the_way_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="web/w1 is not what was proven"):
        holding(saved(tmp_path, content=b"cop?"))


def test_half_a_file_is_no_saved_volume(tmp_path: Path) -> None:
    file = saved(tmp_path)
    file.write_bytes(file.read_bytes()[:700])
    with pytest.raises(OpsError, match="is no whole copy of a volume of backups"):
        holding(file)
    file.write_bytes(b"something else")
    with pytest.raises(OpsError, match="is no whole copy of a volume of backups"):
        holding(file)


OURS = Holding({"web/w1": "1", "web/w2": "2"}, "id")


@pytest.mark.parametrize(
    "theirs", [Holding({}, ""), OURS, Holding({"web/w1": "1"}, ""), Holding({"web/w2": "2"}, "id")]
)
def test_an_empty_volume_and_the_same_one_take_a_saved_one(theirs: Holding) -> None:
    refuse_to_mix(OURS, theirs)


@pytest.mark.parametrize(
    ("theirs", "named"),
    [
        (Holding({"web/w1": "another"}, ""), "web/w1"),
        (Holding({"web/w9": "9"}, "id"), "web/w9"),
        (Holding({}, "other"), "another repository of folders"),
        (Holding(dict.fromkeys("abcde", "x"), ""), "a, b, c and 2 more"),
    ],
)
def test_copies_that_the_file_does_not_hold_are_not_overwritten(
    theirs: Holding, named: str
) -> None:
    with pytest.raises(OpsError, match=f"{named}; nothing was changed"):
        refuse_to_mix(OURS, theirs)
