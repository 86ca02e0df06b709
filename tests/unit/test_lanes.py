"""Every test there is runs: no file of tests is forgotten, run twice, or overlooked."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from ops import local_stack, testing
from ops.testing import LANES, Ended, failed_files, log_of
from ops.workplace import ROOT

TESTS = ROOT / "tests"


def files(place: str) -> list[Path]:
    """The files of tests that an entry of a lane stands for."""
    path = TESTS / place
    return [path] if path.suffix == ".py" else sorted(path.glob("test_*.py"))


def test_every_file_of_tests_is_in_one_lane() -> None:
    listed = Counter(file for lane in LANES for place in lane for file in files(place))
    there = set(TESTS.glob("*/test_*.py")) - set(files("unit"))
    assert listed == Counter(there)


def test_every_file_with_a_test_is_collected() -> None:
    for file in TESTS.rglob("*.py"):
        has_one = "\ndef test_" in file.read_text(encoding="utf-8")
        assert has_one <= file.name.startswith("test_"), file


def test_each_lane_has_a_log_of_its_own() -> None:
    assert len({log_of(lane) for lane in LANES}) == len(LANES)


def test_a_lane_is_given_its_places_and_ends_with_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "PRIVATE", tmp_path)
    command = [sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(3)"]
    ended = testing._run_lane(command, {}, ("steps", "hosts/test_x.py"))
    assert (ended.name, ended.code) == ("steps hosts/test_x.py", 3)
    assert "['tests/steps', 'tests/hosts/test_x.py']" in capfd.readouterr().out


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((0, 2), 1)])
def test_a_lane_that_fails_fails_the_whole_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    codes: tuple[int, int],
    code: int,
) -> None:
    lanes: dict[tuple[str, ...], int] = {("one",): codes[0], ("two",): codes[1]}
    asked: list[list[str]] = []

    def run(command: list[str], _: object, lane: tuple[str, ...]) -> Ended:
        asked.append(command)
        return Ended(lane[0], lanes[lane], 1.0)

    monkeypatch.setattr(local_stack, "build_images", lambda: None)
    monkeypatch.setattr(testing, "LANES", tuple(lanes))
    monkeypatch.setattr(testing, "_run_lane", run)
    assert testing.test([]) == code
    assert all(command[-2:] == ["-m", "not long"] for command in asked)
    assert ("two: FAILED (2)" in capsys.readouterr().out) is (code == 1)


LANE = Ended("one two", 1, 1.0, ("one/test_a.py", "two/test_b.py"))


@pytest.mark.parametrize(
    ("ended", "alone", "code"),
    [
        pytest.param(LANE, {"one/test_a.py": 0, "two/test_b.py": 0}, 0, id="passes alone"),
        pytest.param(LANE, {"one/test_a.py": 0, "two/test_b.py": 1}, 1, id="fails again"),
        pytest.param(Ended("c", 1, 1.0, ("1", "2", "3")), {}, 1, id="too many to be an accident"),
        pytest.param(Ended("d", 2, 1.0), {}, 1, id="a lane that broke"),
    ],
)
def test_what_fails_beside_others_is_tried_once_more_alone(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ended: Ended,
    alone: dict[str, int],
    code: int,
) -> None:
    asked: list[str] = []

    def run(_: list[str], __: object, lane: tuple[str, ...]) -> Ended:
        if lane == ("all",):
            return ended
        asked.extend(lane)
        return Ended(lane[0], alone[lane[0]], 1.0)

    monkeypatch.setattr(local_stack, "build_images", lambda: None)
    monkeypatch.setattr(testing, "LANES", (("all",),))
    monkeypatch.setattr(testing, "_run_lane", run)
    assert testing.test([]) == code
    assert asked == list(alone)
    # That it failed is said in any case.
    assert f"{ended.name}: FAILED" in capsys.readouterr().out


def test_files_that_failed_are_read_off_the_end_of_a_lane() -> None:
    said = """tests/one/test_a.py F.
FAILED tests/one/test_a.py::test_x[FAILED tests/no.py] - assert 1 == 2
FAILED tests/one/test_a.py::test_y
ERROR tests/two/test_b.py - ImportError: x
ERROR tests/three/test_c.py
  FAILED tests/not/this.py::test_z
"""
    assert failed_files(said) == ("one/test_a.py", "two/test_b.py", "three/test_c.py")


def test_the_summary_has_the_minutes() -> None:
    assert Ended("a b", 0, 1.25).line() == "    1.2 min  a b: passed"
    assert Ended("c", 2, 12.0).line() == "   12.0 min  c: FAILED (2)"
