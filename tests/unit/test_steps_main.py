from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from steps import __main__ as program
from steps.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.inputs import Input

SECRET = "planted-secret-77aa01"
SMOKE = {
    "url": "http://tickets.localhost",
    "convex_url": "http://convex.localhost",
    "register_path": "/r",
    "heartbeat_path": "/h",
    "attempts": 1,
    "interval_s": 0,
    "tenant_id": "t",
}


def call(
    step: str, given: Mapping[str, object] | str, stdin: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    text = given if isinstance(given, str) else json.dumps(given)
    stdout = io.StringIO()
    code = program.main([step], {"STEP_INPUT": text}, io.StringIO(stdin), stdout)
    return code, stdout.getvalue(), capsys.readouterr().err


def test_an_unknown_step_lists_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call("deploy", {}, "", capsys)
    assert (code, out) == (2, "")
    for step in (
        "backup-sqlite",
        "convex-admin-key",
        "convex-deploy",
        "convex-env",
        "job",
        "smoke",
    ):
        assert step in err


def test_every_mistake_of_the_input_is_named_and_no_value_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {**SMOKE, "attempts": SECRET, "surplus": SECRET}
    del given["tenant_id"]
    code, out, err = call("smoke", given, "", capsys)
    assert (code, out) == (2, "")
    for name in ("attempts", "surplus", "tenant_id"):
        assert f"{name}: " in err
    assert SECRET not in err


@pytest.mark.parametrize("given", ["", "no json", "[]"])
def test_input_that_is_no_object_is_wrong_input(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("smoke", given, "", capsys)[0] == 2


@pytest.mark.parametrize("stdin", [SECRET, f'"{SECRET}"', f'["{SECRET}"]', '{"A": '])
def test_secrets_that_are_no_object_are_refused_without_showing_them(
    stdin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, err = call("smoke", SMOKE, stdin, capsys)
    assert code == 2
    assert SECRET not in err


def test_a_result_is_one_json_line_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, context: Context) -> dict[str, object]:
        context.say(f"working with {SECRET}")
        return {"seconds": 1.5, "said": f"got {SECRET}"}

    monkeypatch.setitem(program.STEPS, "smoke", (program.STEPS["smoke"][0], run))
    code, out, err = call("smoke", SMOKE, json.dumps({"A": SECRET}), capsys)
    assert code == 0
    assert json.loads(out) == {"seconds": 1.5, "said": "got ***"}
    assert err == "working with ***\n"


def test_a_step_error_ends_with_1_and_its_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, _context: Context) -> dict[str, object]:
        raise StepError("It failed.", why=f"with {SECRET}", state="Untouched.", todo="Again.")

    monkeypatch.setitem(program.STEPS, "smoke", (program.STEPS["smoke"][0], run))
    code, out, err = call("smoke", SMOKE, json.dumps({"A": {"B": SECRET}}), capsys)
    assert (code, out) == (1, "")
    assert err.startswith("FAILED: It failed.\nwhy:    with ***\n")


def test_an_unforeseen_error_shows_kind_and_place_and_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, _context: Context) -> dict[str, object]:
        raise KeyError(SECRET)

    monkeypatch.setitem(program.STEPS, "smoke", (program.STEPS["smoke"][0], run))
    code, _out, err = call("smoke", SMOKE, json.dumps({"A": SECRET}), capsys)
    assert code == 1
    assert "KeyError" in err
    assert "test_steps_main.py:" in err
    assert SECRET not in err
    assert len(err.splitlines()) < 20
