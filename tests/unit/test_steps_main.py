from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from steps import command as program
from steps.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.inputs import Input

SECRET = "planted-secret-77aa01"
TARGET = {
    "docker": {"url": "unix:///var/run/docker.sock"},
    "service": "sistema_convex_backend",
    "instance_name": "convex",
    "url": "http://convex.localhost",
}
RELEASE = {
    "docker": {"url": "unix:///var/run/docker.sock"},
    "app": "crm",
    "release": "r1",
    "image": "app@sha256:new",
    "mode": "online",
    "service": "crm-backend",
    "writers": [],
    "verify": {"questions": [{"url": "http://api.localhost"}], "attempts": 1, "interval_s": 0},
    "phases": [{"kind": "commit", "name": "verify"}],
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
    for step in ("clear-jobs", "convex-admin-key", "release"):
        assert step in err


def test_every_mistake_of_the_input_is_named_and_no_value_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {**TARGET, "url": SECRET, "surplus": SECRET}
    del given["instance_name"]
    code, out, err = call("convex-admin-key", given, "", capsys)
    assert (code, out) == (2, "")
    for name in ("url", "surplus", "instance_name"):
        assert f"{name}: " in err
    assert SECRET not in err


def test_a_mistake_deep_in_a_release_is_named_by_its_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = {"kind": "job", "name": "migrate", "what": "w", "timeout_s": SECRET, "job": SECRET}
    given = {**RELEASE, "verify": {"questions": [], "attempts": SECRET}, "phases": [wrong]}
    code, out, err = call("release", given, "", capsys)
    assert (code, out) == (2, "")
    for way in (
        *("verify.questions", "verify.attempts", "verify.interval_s"),
        *("phases.0.job.timeout_s", "phases.0.job.job"),
    ):
        assert f"{way}: " in err
    assert SECRET not in err


@pytest.mark.parametrize("given", ["", "no json", "[]"])
def test_input_that_is_no_object_is_wrong_input(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("convex-admin-key", given, "", capsys)[0] == 2


@pytest.mark.parametrize("stdin", [SECRET, f'"{SECRET}"', f'["{SECRET}"]', '{"A": '])
def test_secrets_that_are_no_object_are_refused_without_showing_them(
    stdin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, err = call("convex-admin-key", TARGET, stdin, capsys)
    assert code == 2
    assert SECRET not in err


def test_a_result_is_one_json_line_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, context: Context) -> dict[str, object]:
        context.say(f"working with {SECRET}")
        return {"seconds": 1.5, "said": f"got {SECRET}"}

    monkeypatch.setitem(
        program.STEPS, "convex-admin-key", (program.STEPS["convex-admin-key"][0], run)
    )
    code, out, err = call("convex-admin-key", TARGET, json.dumps({"A": SECRET}), capsys)
    assert code == 0
    assert json.loads(out) == {"seconds": 1.5, "said": "got ***"}
    assert err == "working with ***\n"


def test_a_step_error_ends_with_1_and_its_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, _context: Context) -> dict[str, object]:
        raise StepError("It failed.", why=f"with {SECRET}", state="Untouched.", todo="Again.")

    monkeypatch.setitem(
        program.STEPS, "convex-admin-key", (program.STEPS["convex-admin-key"][0], run)
    )
    code, out, err = call("convex-admin-key", TARGET, json.dumps({"A": {"B": SECRET}}), capsys)
    assert (code, out) == (1, "")
    assert err.startswith("FAILED: It failed.\nwhy:    with ***\n")


def test_an_unforeseen_error_shows_kind_and_place_and_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_given: Input, _context: Context) -> dict[str, object]:
        raise KeyError(SECRET)

    monkeypatch.setitem(
        program.STEPS, "convex-admin-key", (program.STEPS["convex-admin-key"][0], run)
    )
    code, _out, err = call("convex-admin-key", TARGET, json.dumps({"A": SECRET}), capsys)
    assert code == 1
    assert "KeyError" in err
    assert "test_steps_main.py:" in err
    assert SECRET not in err
    assert len(err.splitlines()) < 20
