"""Copies of a state, and what is made of them when the state itself is broken or lost."""

import json
import stat
from pathlib import Path

import pytest

from ops import state, state_recover
from ops.engine import Engine
from ops.errors import OpsError
from ops.workplace import refuse_exposed

STACK = "staging"


def export(*names: str) -> str:
    return json.dumps({"deployment": {"resources": [{"urn": name} for name in names]}})


class Backend(Engine):
    """An engine whose state is a text; None is a stack that does not exist."""

    def __init__(self, text: str | None, folder: Path) -> None:
        super().__init__(STACK, environment={"PULUMI_BACKEND_URL": f"file://{folder}"})
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "asked", [])

    text: str | None
    asked: list[tuple[str, ...]]

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del limit_s
        self.asked.append(arguments)
        if arguments[:2] == ("stack", "import"):
            object.__setattr__(self, "text", stdin)
        elif arguments[:2] == ("stack", "rm"):
            object.__setattr__(self, "text", None)
        elif arguments[:2] == ("stack", "select") and self.text is None:
            object.__setattr__(self, "text", export())
        elif arguments[:2] == ("stack", "export"):
            if self.text is None or not self.text.startswith("{"):
                raise OpsError("pulumi stack export failed: no checkpoint", todo="correct it")
            return self.text
        return ""

    def run_bare(self, *arguments: str) -> str:
        del arguments
        return json.dumps([] if self.text is None else [{"name": STACK}])


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "PRIVATE", tmp_path)
    return tmp_path


@pytest.fixture
def adopted(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The states from which adopting went on."""
    seen: list[str | None] = []

    def take_in(engine: Backend, *, dry: bool, force: bool) -> int:
        assert (dry, force) == (False, True)
        seen.append(engine.text)
        return 0

    monkeypatch.setattr(state_recover, "take_in", take_in)
    return seen


def kept(folder: Path, *texts: str) -> list[Path]:
    return [file for text in texts if (file := state.keep(Backend(text, folder)))]


def test_a_copy_is_the_export_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    (file,) = kept(tmp_path, export("a"))
    assert file.read_text(encoding="utf-8") == export("a")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_are_never_asked_for_in_the_open(tmp_path: Path) -> None:
    backend = Backend(export("a"), tmp_path)
    state.keep(backend)
    assert backend.asked == [("stack", "export")]


def test_nothing_is_copied_twice_or_of_nothing(tmp_path: Path) -> None:
    assert len(kept(tmp_path, export(), export("a"), export("a"), export("b"))) == 2


def test_only_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "KEPT", 2)
    kept(tmp_path, *(export(name) for name in "abcd"))
    texts = [file.read_text(encoding="utf-8") for file in state.copies(STACK)]
    assert texts == [export("c"), export("d")]


@pytest.mark.parametrize("broken", [None, "", "half of", "{}", '{"deployment": 1}'])
def test_a_state_that_cannot_be_read_stops_an_update(broken: str | None, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="make state-recover STACK=staging"):
        state.keep(Backend(broken, tmp_path))


@pytest.mark.parametrize("broken", [None, "half of"])
def test_the_newest_copy_that_can_be_read_comes_back(
    broken: str | None, tmp_path: Path, adopted: list[str | None]
) -> None:
    *_, newest = kept(tmp_path, export("a"), export("b"), export("c"))
    newest.write_text("half of", encoding="utf-8")
    assert state_recover.bring_back(Backend(broken, tmp_path), None, force=True) == 0
    assert adopted == [export("b")]


@pytest.mark.parametrize("broken", [None, "half of"])
def test_without_a_copy_what_runs_is_adopted_into_an_empty_state(
    broken: str | None, tmp_path: Path, adopted: list[str | None]
) -> None:
    assert state_recover.bring_back(Backend(broken, tmp_path), None, force=True) == 0
    assert adopted == [export()]


def test_a_state_that_is_well_is_left_alone(tmp_path: Path, adopted: list[str | None]) -> None:
    kept(tmp_path, export("a"))
    with pytest.raises(OpsError, match="can be read and has 2 resources"):
        state_recover.bring_back(Backend(export("a", "b"), tmp_path), None, force=True)
    assert adopted == []


def test_an_older_copy_comes_back_when_it_is_named(
    tmp_path: Path, adopted: list[str | None]
) -> None:
    older, _ = kept(tmp_path, export("a"), export("b"))
    assert state_recover.bring_back(Backend(export("c"), tmp_path), older, force=True) == 0
    assert adopted == [export("a")]
    # What it takes the place of can be had back.
    assert state.copies(STACK)[-1].read_text(encoding="utf-8") == export("c")


def test_a_file_that_is_no_copy_is_refused(tmp_path: Path, adopted: list[str | None]) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]", encoding="utf-8")
    with pytest.raises(OpsError, match="is no copy of a state"):
        state_recover.bring_back(Backend(None, tmp_path), wrong, force=True)
    assert adopted == []


def test_nobody_at_the_terminal_recovers_nothing(tmp_path: Path, adopted: list[str | None]) -> None:
    backend = Backend(None, tmp_path)
    with pytest.raises(OpsError, match="needs a confirmation"):
        state_recover.bring_back(backend, None, force=False)
    assert (adopted, backend.text) == ([], None)


def test_a_password_in_the_address_of_the_backend_is_refused_without_showing_it() -> None:
    with pytest.raises(OpsError, match="PGPASSWORD") as refused:
        refuse_exposed("postgres://state:canary-1@db.example.com/state")
    assert "canary-1" not in str(refused.value)
    for backend in ("postgres://state@db.example.com/state", "s3://state", "file:///a:b@c"):
        refuse_exposed(backend)
