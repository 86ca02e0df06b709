"""The way back by hand: where to, with which data, and what is left when it fails."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops import rollback as subject
from ops.applications import named
from ops.errors import OpsError
from ops.plans import Deployed
from ops.release_setting import ReleaseSetting
from ops.rollback import (
    EXIT_NO_PREVIOUS,
    Wish,
    data_before,
    goal,
    refuse_waves,
    rollback,
)
from steps.release.by_hand import Choice
from steps.release.ground import Ground
from steps.release.journal import Journal, Record, Result, Version
from steps.release.plan import Plan
from tests.unit.declared import declared
from tests.unit.deployed import copy, deployed, engine, estate, journal, on_ground, record, version
from tests.unit.stack_files import CRM, ERP

SERVING = journal(
    record("a"),
    record("b", Result.RECOVERED),
    record("c", backups={"database": "d1"}),
    record("c"),
    serving="c",
)
KEPT = (
    copy("database", "d1", "2026-11-22T10:00:00Z"),
    copy("uploads", "u1", "2026-11-22T10:00:05Z"),
)
TEXT = "config:\n  estate:crm:\n    image: as it was # with a word\n"


def test_the_release_before_is_the_last_other_one_that_was_committed() -> None:
    assert goal(SERVING, "crm", None).version == version("a")


def test_after_a_rollback_the_one_before_is_the_one_that_was_left() -> None:
    again = journal(record("a"), record("c"), record("a"), serving="a")
    assert goal(again, "crm", None).version == version("c")


@pytest.mark.parametrize("to", ["a" * 12, "aaaa", "a"])
def test_a_release_goes_by_the_beginning_of_its_name(to: str) -> None:
    longer = journal(record("a"), record("b"), record("c"), serving="c")
    assert goal(longer, "crm", to).version == version("a")


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("b", "b was never released of crm; nothing was changed\nnext: name one of: a{12}"),
        ("cc", "crm is at cc already"),
        ("", "fits several releases"),
    ],
)
def test_a_release_that_is_not_meant_clearly_is_refused(to: str, message: str) -> None:
    several = journal(record("a"), record("d"), record("c"), serving="c")
    with pytest.raises(OpsError, match=message):
        goal(SERVING if to else several, "crm", to)


@pytest.mark.parametrize(
    "found",
    [
        Journal(),
        journal(record("a"), serving="a"),
        journal(record("a", Result.RECOVERED), record("c"), serving="c"),
    ],
)
def test_no_previous_release_is_told_apart_from_a_failure(found: Journal) -> None:
    with pytest.raises(OpsError, match="has no previous release") as caught:
        goal(found, "crm", None)
    assert caught.value.exit_code == EXIT_NO_PREVIOUS == 9


def test_the_data_of_before_are_those_copied_before_it_was_replaced() -> None:
    assert data_before(SERVING, record("a"), KEPT, "crm") == KEPT[:1]


@pytest.mark.parametrize(
    ("found", "kept"),
    [(SERVING, KEPT[1:]), (journal(record("a"), record("c"), serving="c"), KEPT)],
)
def test_data_that_is_not_kept_any_more_stops_it_before_anything_happens(
    found: Journal, kept: tuple[object, ...]
) -> None:
    with pytest.raises(OpsError, match=r"cannot be taken back.*nothing was changed"):
        data_before(found, record("a"), [one for one in KEPT if one in kept], "crm")


@dataclass
class World:
    """A stack on which one rollback is made, with an end that a test chooses."""

    file: Path
    journal: Journal = SERVING
    code: int = 0
    end: tuple[Record, ...] = ()
    serving: str = "c"
    did: list[str] = field(default_factory=list)
    chosen: Choice | None = None

    def ground(self, of: Deployed) -> AbstractContextManager[Ground]:
        return on_ground(self.journal)(of)

    def apply(self, *_: object) -> int:
        self.did.append(f"up, {self.file.read_text(encoding='utf-8')}")
        history = (*self.journal.history, *self.end)
        self.journal = Journal(serving=version(self.serving), history=history)
        return self.code

    def take_back(self, _on: object, target: Version, chosen: Choice) -> None:
        self.did.append(f"data for {target.release}")
        self.chosen = chosen

    def put_back(self, *_: object) -> bool:
        self.did.append("put back")
        return False


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    made = World(tmp_path / "Pulumi.prod.yaml")
    made.file.write_text(TEXT, encoding="utf-8")

    def name(setting: ReleaseSetting, wanted: Version) -> None:
        setting.file.write_text(wanted.release, encoding="utf-8")

    def note(what: str) -> Callable[..., None]:
        return lambda *_: made.did.append(what)

    monkeypatch.setattr(subject, "made", lambda _: engine())
    monkeypatch.setattr(subject, "chosen", lambda *_: deployed(words="never away"))
    monkeypatch.setattr(subject, "estate_of", lambda _: estate())
    monkeypatch.setattr(subject, "ground", made.ground)
    monkeypatch.setattr(subject, "catalog", lambda _: KEPT)
    monkeypatch.setattr(subject, "prepare", note("prepare"))
    monkeypatch.setattr(subject, "apply", made.apply)
    monkeypatch.setattr(subject, "take_back_data", made.take_back)
    monkeypatch.setattr(subject, "put_back", made.put_back)
    monkeypatch.setattr(ReleaseSetting, "name", name)
    monkeypatch.setattr("ops.release_setting.stack_file", lambda _: made.file)
    return made


def go(*, data: bool = False, dry: bool = False, force: bool = True) -> int:
    return rollback("prod", "crm", Wish(with_data=data), dry=dry, force=force)


def test_a_dry_run_shows_both_images_and_does_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go(dry=True) == 0
    said = capsys.readouterr().out
    assert f"now       {version('c').image}" in said
    assert f"then      {version('a').image}" in said
    assert "kept as it is" in said
    assert "absence   never away" in said
    assert world.did == []
    assert world.file.read_text(encoding="utf-8") == TEXT


def test_with_data_it_shows_what_comes_back_and_what_is_lost(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go(data=True, dry=True) == 0
    assert "lost      everything written since 2026-11-22T10:00:00Z" in capsys.readouterr().out
    assert world.did == []


def test_nobody_to_ask_and_no_force_is_a_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(OpsError, match="needs a confirmation; nothing was changed"):
        go(force=False)
    assert world.did == []


@pytest.mark.parametrize(("typed", "goes_on"), [("crm", True), ("yes", False), ("prod", False)])
def test_only_the_name_of_the_application_is_a_yes(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str, *, goes_on: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: typed)
    world.serving = "a"
    if goes_on:
        assert go(force=False) == 0
    else:
        with pytest.raises(OpsError, match="nothing was changed"):
            go(force=False)
    assert bool(world.did) == goes_on


def test_the_stack_file_names_the_older_release_and_the_stack_comes_up(world: World) -> None:
    world.serving = "a"
    assert go() == 0
    assert world.did == ["prepare", f"up, {'a' * 12}"]
    assert world.file.read_text(encoding="utf-8") == "a" * 12


def test_the_data_come_back_before_the_stack_file_changes(world: World) -> None:
    world.serving = "a"
    assert go(data=True) == 0
    assert world.did == ["prepare", f"data for {'a' * 12}", f"up, {'a' * 12}"]
    assert world.chosen == Choice(copies={"database": "d1"}, keep=5)


def test_a_failed_rollback_says_what_is_in_place_and_leaves_the_stack_file(world: World) -> None:
    world.code = 255
    world.end = (record("a", Result.RECOVERED, why="exit 1", now="c serves again", todo="mend it"),)
    with pytest.raises(OpsError) as caught:
        go(data=True)
    text = str(caught.value)
    assert f"the rollback of crm to {'a' * 12} failed: recovered" in text
    assert "why: exit 1" in text
    assert "now: c serves again; the stack file is as it was\nnext: mend it" in text
    assert caught.value.exit_code == 255
    assert world.did[-1] == "put back"
    assert world.file.read_text(encoding="utf-8") == TEXT


def test_a_failure_of_another_day_is_not_told_again(world: World) -> None:
    old = record("a", Result.RECOVERED, why="long ago")
    world.journal = journal(record("a"), record("c"), old, serving="c")
    world.code = 255
    with pytest.raises(OpsError) as caught:
        go()
    assert "long ago" not in str(caught.value)


def test_an_update_that_fails_beside_the_application_leaves_the_rollback_in_place(
    world: World,
) -> None:
    world.code, world.serving = 255, "a"
    with pytest.raises(OpsError, match=r"crm is back at a{12}, but the rest of the update failed"):
        go()
    assert "put back" not in world.did
    assert world.file.read_text(encoding="utf-8") == "a" * 12


def test_a_stack_file_that_cannot_be_written_is_a_failed_rollback(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OpsError("pulumi config set failed: disk full", todo="free space")

    monkeypatch.setattr(ReleaseSetting, "name", refuse)
    with pytest.raises(OpsError, match="failed: refused\nnow: crm was not touched"):
        go(data=True)
    assert "disk full" in capsys.readouterr().err
    assert world.did[-1] == "put back"


def test_an_interrupted_rollback_says_how_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(subject, "apply", interrupt)
    with pytest.raises(KeyboardInterrupt):
        go()
    assert "make up STACK=prod goes on with the rollback" in capsys.readouterr().err
    assert world.file.read_text(encoding="utf-8") == "a" * 12


@pytest.mark.parametrize(
    ("app", "release", "there", "rest"),
    [
        ("crm", "a" * 12, "{}", []),
        (
            "crm",
            "a" * 12,
            '{"estate:crm": {"objectValue": {"release_sha": "1234567"}}}',
            [("config", "rm", "--path", "estate:crm.release_sha")],
        ),
        (
            "crm",
            "1234567",
            "{}",
            [("config", "set", "--path", "estate:crm.release_sha", "--type", "string", "1234567")],
        ),
        ("sistema-convex", "a" * 12, "{}", []),
    ],
)
def test_the_stack_file_gets_image_and_commit(
    tmp_path: Path, app: str, release: str, there: str, rest: list[tuple[str, ...]]
) -> None:
    asked = engine(config=there)
    application = named(estate(), app)
    image = version("a").image
    setting = ReleaseSetting(asked, application, tmp_path / "f", "")
    setting.name(Version(release=release, image=image))
    key = f"estate:{application.key}.image"
    first, *more = [one for one in asked.asked if one != ("config", "--json")]
    assert first == ("config", "set", "--path", key, "--type", "string", image)
    assert more == rest


def test_what_is_released_in_waves_is_never_taken_back_as_a_whole() -> None:
    step = declared({**CRM, **ERP})
    plans = {
        name: Plan.model_validate_json(json.dumps(step[f"Command:{name}-verify"].step))
        for name in ("crm", "erp")
    }
    with pytest.raises(OpsError, match="older code must never migrate newer data"):
        refuse_waves(Deployed(plan=plans["erp"], secrets={}))
    refuse_waves(Deployed(plan=plans["crm"], secrets={}))
