"""The page of faults: complete, renewed in part, and never better than what was measured."""

from pathlib import Path

from tests.faults.scorecard import Row, merged, write
from tests.faults.traffic import Traffic


def crash(*, held: bool = True) -> Row:
    traffic = Traffic(asked=7, lost=["x"])
    return Row("crash", "online", traffic, rows_lost=0, ended="recovered", held=held)


def test_a_fault_that_was_not_run_is_listed_as_such() -> None:
    (line,) = merged("", [Row("crash", "online")])
    assert line == "| crash | online | | | | not run | |"


def test_a_test_that_failed_says_so_before_its_word() -> None:
    (line,) = merged("", [crash(held=False)])
    assert "| **its test failed** recovered |" in line


def test_a_run_of_a_part_renews_that_part_and_leaves_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write(page, [crash(), Row("hang", "offline")])
    write(page, [Row("crash", "online"), Row("hang", "offline", ended="refused", held=True)])
    first, second = page.read_text(encoding="utf-8").splitlines()[-2:]
    assert first.startswith("| crash | online | 1 of 7 | 0.0 s | 0 | recovered | 2")
    assert second.startswith("| hang | offline |")
    assert "| refused |" in second


def test_one_fault_in_two_modes_has_two_lines() -> None:
    assert len(merged("", [Row("crash", "online"), Row("crash", "offline")])) == 2
