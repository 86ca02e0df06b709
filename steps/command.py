"""The command line of a step: `python -m steps <step>`.

Input: JSON in STEP_INPUT; secrets: a JSON object on standard input. Result: one JSON object on
standard output; prose on standard error. Exit: 0 done, 1 failed, 2 wrong input, 143 ended from
outside. A step may be killed at any point; the next run finishes its work.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from pydantic import ValidationError

from steps import clear_jobs, convex_admin_key, inputs
from steps.context import Context
from steps.errors import InputError, StepError, unexpected
from steps.redact import Redactor, texts_in
from steps.release import run as release
from steps.release.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS: dict[str, tuple[type[inputs.Input], Callable[[Any, Context], dict[str, object]]]] = {
    "clear-jobs": (inputs.ClearJobsInput, clear_jobs.run),
    "convex-admin-key": (inputs.ConvexTarget, convex_admin_key.run),
    "release": (Plan, release.run),
}

UNTRIED = "Nothing was tried."


def main(argv: list[str], environment: Mapping[str, str], stdin: TextIO, stdout: TextIO) -> int:
    """Run the step that the arguments name; return the exit code."""
    context = Context()
    try:
        context = Context(secrets=(secrets := read_secrets(stdin)), redactor=hiding(secrets))
        step, given = read_step(argv, environment)
        result = context.redactor.hide_in(step(given, context))
    except StepError as error:
        context.say(error.render())
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the edge: whatever it is, no secret may get out
        context.say(unexpected(error).render())
        return StepError.exit_code
    stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    return 0


def read_step(
    argv: list[str], environment: Mapping[str, str]
) -> tuple[Callable[[Any, Context], dict[str, object]], inputs.Input]:
    """Return the step's function and its checked input.

    Raises:
        InputError: There is no such step, or its input is wrong; the message holds no value.
    """
    if len(argv) != 1 or argv[0] not in STEPS:
        raise InputError(
            "No such step.",
            why=f"wanted: one of {', '.join(STEPS)}",
            state=UNTRIED,
            todo="Call it as: python -m steps STEP, with STEP_INPUT set.",
        )
    model, step = STEPS[argv[0]]
    try:
        return step, model.model_validate_json(environment.get("STEP_INPUT", ""))
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in one['loc']) or 'STEP_INPUT'}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise InputError(
            f"The input of step {argv[0]} is wrong.",
            why="\n".join(mistakes),
            state=UNTRIED,
            todo="Correct STEP_INPUT.",
        ) from None


def read_secrets(stdin: TextIO) -> dict[str, object]:
    """Return the secrets; none when standard input is empty or a terminal.

    Raises:
        InputError: It is no JSON object.
    """
    text = "" if stdin.isatty() else stdin.read()
    if not text.strip():
        return {}
    try:
        secrets = json.loads(text)
    except ValueError:
        secrets = None
    if not isinstance(secrets, dict):
        raise InputError(
            "Standard input holds no secrets that can be read.",
            why="it is no JSON object",
            state=UNTRIED,
            todo='Give one JSON object, for example {"NAME": "value"}.',
        )
    return secrets


def hiding(secrets: Mapping[str, object]) -> Redactor:
    """Return what hides every text among the secrets."""
    return Redactor(texts_in(dict(secrets)))


def end(number: int, _frame: object) -> NoReturn:
    """Leave by way of every `finally`, so that no tunnel stays behind.

    Raises:
        SystemExit: Always, with the shell's code for a signal.
    """
    sys.exit(128 + number)


def run() -> NoReturn:
    """Run what this process was started for, and end it.

    Raises:
        SystemExit: Always, with the exit code.
    """
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin, sys.stdout))
