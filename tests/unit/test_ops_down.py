"""The question before a stack goes: only its own name is a yes."""

import pytest

from ops import down
from ops.errors import OpsError


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the person at the terminal types."""
    typed = {"text": ""}
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: typed["text"])
    return typed


@pytest.mark.parametrize("text", ["", "y", "yes", "stagin", "prod"])
def test_any_other_answer_is_a_no(answer: dict[str, str], text: str) -> None:
    answer["text"] = text
    with pytest.raises(OpsError, match="nothing was changed"):
        down._confirm("staging", [], with_data=False)


def test_the_name_is_a_yes_after_it_was_said_what_goes(
    answer: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer["text"] = " staging "
    down._confirm("staging", ["app_data"], with_data=False)
    assert "its data stays on the hosts" in capsys.readouterr().out
    down._confirm("staging", ["app_data"], with_data=True)
    assert "and its data. Volumes: app_data" in capsys.readouterr().out
