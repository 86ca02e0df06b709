"""How a question reaches the job and its answer comes back; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.job_log import LAST_LINES
from steps.scripts.answers import LINE, answer_in, lines, packed, unpacked
from tests.unit.npm_api import host

if TYPE_CHECKING:
    import pytest

THOUSAND = {f"tenant{number}": host(f"tenant{number}.example") for number in range(1000)}
SECRET_LIMIT = 500 * 1024
LOG_LIMIT = 16 * 1024


def test_a_thousand_hosts_fit_into_a_secret_and_into_the_log_that_is_read() -> None:
    assert unpacked(packed(THOUSAND)) == THOUSAND
    assert len(packed(THOUSAND)) < SECRET_LIMIT
    said = lines({"entries": THOUSAND})
    assert len(said) <= LAST_LINES
    assert max(map(len, said)) < LOG_LIMIT
    assert answer_in("something before\n" + "\n".join(said)) == {"entries": THOUSAND}


def test_an_answer_of_several_lines_is_whole_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.scripts.answers.LINE", 40)
    said = lines({"entries": {name: name * 9 for name in ("acme", "globex", "initech")}})
    assert len(said) > 2
    assert answer_in("\n".join(reversed(said))) is not None
    assert answer_in("\n".join(said[1:])) is None
    assert answer_in("\n".join([*said[:-1], said[-1][:-4]])) is None
    assert LINE > 40


def test_a_log_without_an_answer_is_none() -> None:
    assert answer_in("") is None
    assert answer_in("Traceback (most recent call last):\nKeyError") is None
