"""Every test there is runs: no folder of tests is forgotten, and no file is overlooked."""

from ops.testing import LANES
from ops.workplace import ROOT


def test_every_folder_of_tests_is_in_one_lane() -> None:
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
    listed = [folder for lane in LANES for folder in lane]
    assert sorted(listed) == sorted(folders - {"unit"})


def test_every_file_with_a_test_is_collected() -> None:
    for file in (ROOT / "tests").rglob("*.py"):
        has_one = "\ndef test_" in file.read_text(encoding="utf-8")
        assert has_one <= file.name.startswith("test_"), file
