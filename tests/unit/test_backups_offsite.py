"""What is pushed off the machine and loaded from there, with a folder in the place of the store."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from steps.scripts import offsite, offsite_load, records, remote, restic_call
from steps.scripts.records import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"access_key": "canary-a", "secret_key": "canary-b", "password": "canary-c"}
TOLD: dict[str, Any] = {"keep": {"daily": 7}, "subset": "5%"}


class Store(remote.Remote):
    """Stands in for the repository: each snapshot is a folder; what happened is in `said`."""

    def __init__(self, folder: Path) -> None:
        super().__init__({"repository": "s3:http://store", "region": "here"}, SECRETS)
        self.folder = folder
        self.id: str | None = None
        self.said: list[str] = []

    def identity(self) -> str | None:
        return self.id

    def make(self) -> str:
        self.id = "1f" * 32
        return self.id

    def unlock(self) -> None:
        self.said.append("unlock")

    def _all(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def snapshots(self) -> list[dict[str, Any]]:
        return [{"id": one.name, "time": one.name} for one in self._all()]

    def back_up(self, folder: Path) -> dict[str, Any]:
        name = f"{len(self._all()):064d}"
        shutil.copytree(folder, self.folder / name)
        self.said.append("back up")
        return {"snapshot_id": name, "total_bytes_processed": 9, "data_added": 5}

    def check(self, subset: str) -> None:
        self.said.append(f"check {subset}")

    def files(self, snapshot: str) -> dict[str, int]:
        root = self.folder / snapshot
        return {
            str(one.relative_to(root)): one.stat().st_size
            for one in root.rglob("*")
            if one.is_file()
        }

    def checksum(self, snapshot: str, path: str) -> str:
        return records.checksum(self.folder / snapshot / path)

    def forget(self, keep: dict[str, int]) -> None:
        self.said.append(f"forget {keep}")

    def restore(self, snapshot: str, target: Path) -> None:
        shutil.copytree(self.folder / snapshot, target)


def kept(root: Path, source: str, file: str, text: str, created: str) -> None:
    """Put a proven copy into a volume."""
    folder = root / source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)
    manifest = {
        "source": source, "kind": "sqlite", "file": file, "created": created, "release": "r1",
        "proof": "p", "bytes": len(text), "sha256": records.checksum(folder / file),
        "tables": {"t": 1}, "seconds": 1.0,
    }  # fmt: skip
    records.write_json(records.manifest_of(folder / file), manifest)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    volume = tmp_path / "backups"
    kept(volume, "web", "1.sqlite", "first", "2026-11-28T03:17:00Z")
    kept(volume, "web", "2.sqlite", "second", "2026-11-29T03:17:00Z")
    return volume


def test_a_push_is_proven_before_anything_older_goes(root: Path, store: Store) -> None:
    record = offsite.push(root, TOLD, store)
    assert store.said == ["unlock", "back up", "check 5%", "forget {'daily': 7}"]
    assert (record["copies"], record["newest"]) == (2, "2026-11-29T03:17:00Z")
    assert json.loads((root / offsite.RECORD).read_text()) == record
    assert not (root / offsite.VIEW).exists()


@pytest.mark.parametrize("spoil", ["gone", "changed", "short"])
def test_a_snapshot_that_is_not_the_volume_removes_nothing(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    def spoiled(folder: Path) -> dict[str, Any]:
        summary = Store.back_up(store, folder)
        file = store.folder / summary["snapshot_id"] / "web" / "2.sqlite"
        text = file.read_text()
        if spoil == "gone":
            file.unlink()
        else:
            file.write_text({"changed": text[::-1], "short": text[:-1]}[spoil])
        return summary

    monkeypatch.setattr(store, "back_up", spoiled)
    with pytest.raises(RefusedError) as refused:
        offsite.push(root, TOLD, store)
    assert refused.value.code == "differs"
    assert not [one for one in store.said if one.startswith("forget")]
    assert "snapshot" not in json.loads((root / offsite.RECORD).read_text())


def test_what_belongs_to_runs_is_not_pushed(root: Path, store: Store) -> None:
    (root / ".asked").mkdir()
    (root / "before-load-20261101T000000Z").mkdir()
    (root / "restic" / "locks").mkdir(parents=True)
    (root / "web" / "3.sqlite.partial").write_text("half")
    snapshot = offsite.push(root, TOLD, store)["snapshot"]
    assert sorted(store.files(snapshot)) == [
        "catalog.json",
        *("web/1.sqlite", "web/1.sqlite.json", "web/2.sqlite", "web/2.sqlite.json"),
    ]


def test_the_view_costs_no_space_and_stays_as_it_was(root: Path) -> None:
    with offsite.view_of(root) as view:
        assert (view / "web/1.sqlite").stat().st_ino == (root / "web/1.sqlite").stat().st_ino
        before = (view / "catalog.json").read_text()
        records.remove(root / "web", {"file": "1.sqlite"})
        records.write_catalog(root)
        assert (view / "web/1.sqlite").read_text() == "first"
        assert (view / "catalog.json").read_text() == before


def test_an_empty_volume_is_not_pushed(tmp_path: Path, store: Store) -> None:
    (tmp_path / "backups").mkdir()
    with pytest.raises(RefusedError) as refused:
        offsite.push(tmp_path / "backups", TOLD, store)
    assert (refused.value.code, store.said) == ("nothing yet", [])


def test_a_volume_stays_with_its_own_repository(root: Path, tmp_path: Path, store: Store) -> None:
    offsite.push(root, TOLD, store)
    other = tmp_path / "other"
    kept(other, "web", "9.sqlite", "ninth", "2026-11-30T03:17:00Z")
    with pytest.raises(RefusedError, match="1 snapshots that this volume knows nothing of"):
        offsite.push(other, TOLD, store)
    assert offsite.push(other, {**TOLD, "adopt": True}, store)["copies"] == 1
    assert offsite.push(root, TOLD, store)["copies"] == 2
    store.id = "2e" * 32
    with pytest.raises(RefusedError, match="expected repository 1f1f1f1f, found 2e2e2e2e"):
        offsite.push(root, TOLD, store)
    store.id = None
    with pytest.raises(RefusedError, match="no longer in the bucket"):
        offsite.push(root, TOLD, store)
    assert store.id is None


def test_a_run_that_was_killed_after_its_first_snapshot_finds_its_repository_again(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_subset: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(store, "check", killed)
        with pytest.raises(KeyboardInterrupt):
            offsite.push(root, TOLD, store)
    assert offsite.push(root, TOLD, store)["copies"] == 2


def test_an_empty_volume_gets_everything_back(root: Path, tmp_path: Path, store: Store) -> None:
    offsite.push(root, TOLD, store)
    new = tmp_path / "new"
    new.mkdir()
    loaded = offsite_load.load(new, {"snapshot": "latest"}, store)
    assert (len(loaded["copies"]), loaded["aside"]) == (2, "")
    assert (new / "web/2.sqlite").read_text() == "second"
    assert offsite.push(new, TOLD, store)["copies"] == 2
    # Again: what is there is what comes.
    assert len(offsite_load.load(new, {"snapshot": "latest"}, store)["copies"]) == 2
    assert sorted(path.name for path in new.iterdir() if path.is_dir()) == ["web"]


def test_what_is_there_and_not_in_the_snapshot_is_never_lost(
    root: Path, tmp_path: Path, store: Store
) -> None:
    offsite.push(root, TOLD, store)
    other = tmp_path / "other"
    kept(other, "web", "9.sqlite", "ninth", "2026-11-30T03:17:00Z")
    with pytest.raises(RefusedError) as refused:
        offsite_load.load(other, {"snapshot": "latest"}, store)
    assert refused.value.code == "mixed"
    assert [one["file"] for one in records.proven(other / "web")] == ["9.sqlite"]
    loaded = offsite_load.load(other, {"snapshot": "latest", "force": True}, store)
    assert (other / loaded["aside"] / "web/9.sqlite").read_text() == "ninth"
    assert [one["file"] for one in records.proven(other / "web")] == ["1.sqlite", "2.sqlite"]


def test_a_snapshot_that_comes_back_damaged_changes_nothing(
    root: Path, tmp_path: Path, store: Store
) -> None:
    snapshot = offsite.push(root, TOLD, store)["snapshot"]
    (store.folder / snapshot / "web/1.sqlite").write_text("other")
    new = tmp_path / "new"
    new.mkdir()
    with pytest.raises(RefusedError) as refused:
        offsite_load.load(new, {"snapshot": snapshot[:10]}, store)
    assert refused.value.code == "damaged"
    assert [path.name for path in new.iterdir()] == []


@pytest.mark.parametrize("start", ["f", "0"])
def test_a_snapshot_is_named_by_what_is_one_alone(root: Path, store: Store, start: str) -> None:
    offsite.push(root, TOLD, store)
    store.back_up(root)
    with pytest.raises(RefusedError) as refused:
        offsite_load.load(root, {"snapshot": start}, store)
    assert refused.value.code == "unknown snapshot"


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a program called restic first on the path."""
    file = tmp_path / "bin" / "restic"
    file.parent.mkdir()
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")


def test_a_store_that_refuses_for_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restic_call, "PATIENCE_S", 0.2)
    line = "Save(<data/1f>) returned error, retrying after 552ms: Quota exceeded"
    loop = f"import sys, time\nwhile True:\n print({line!r}, file=sys.stderr, flush=True)"
    program(tmp_path, monkeypatch, f"{loop}\n time.sleep(0.05)\n")
    with pytest.raises(RefusedError) as refused:
        restic_call.call(("backup", "."), dict(os.environ))
    assert refused.value.code == "bucket full"


def test_a_store_that_recovers_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "Save(<data/1f>) returned error, retrying after 552ms: reset"
    program(tmp_path, monkeypatch, f"import sys\nprint({line!r}, file=sys.stderr)\nprint('done')")
    assert restic_call.call(("backup", "."), dict(os.environ)) == "done\n"


def test_no_secret_is_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "import json, sys\nprint(json.dumps(sys.argv))")
    told = {"repository": "s3:http://store/bucket/crm", "region": "us-east-1"}
    said = remote.Remote(told, SECRETS).run("check", "--read-data-subset=5%")
    assert json.loads(said)[1:] == ["--no-cache", "--quiet", "check", "--read-data-subset=5%"]
