from __future__ import annotations

from typing import TYPE_CHECKING

import docker.errors
import httpx
import pytest

from steps.errors import DockerError, InputError, StepError, WebError
from steps.library_errors import ROOTS, TRANSLATIONS, translate, translated

if TYPE_CHECKING:
    from types import ModuleType


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    found = [getattr(module, name) for name in dir(module)]
    return [
        one
        for one in found
        if isinstance(one, type)
        and issubclass(one, Exception)
        and one.__module__.split(".")[0] == module.__name__.split(".")[0]
    ]


@pytest.mark.parametrize("error", exceptions_of(docker.errors) + exceptions_of(httpx))
def test_every_exception_of_the_libraries_has_a_translation(error: type[Exception]) -> None:
    assert error in TRANSLATIONS
    assert issubclass(error, ROOTS)


def test_the_list_of_exceptions_is_not_empty_by_accident() -> None:
    assert len(exceptions_of(docker.errors)) > 10
    assert len(exceptions_of(httpx)) > 20


def test_a_library_error_keeps_its_words() -> None:
    error = translate(httpx.ConnectTimeout("no route"), what="It failed.", state="Untouched.")
    assert isinstance(error, WebError)
    assert error.why == "ConnectTimeout: no route"


def test_errors_of_others_are_not_swallowed() -> None:
    with pytest.raises(KeyError), translated("what", state="state"):
        raise KeyError
    with pytest.raises(TypeError):
        translate(KeyError(), what="what", state="state")


def test_translated_raises_our_error_from_theirs() -> None:
    theirs = docker.errors.NotFound("gone")
    with pytest.raises(DockerError) as caught, translated("It failed.", state="Untouched."):
        raise theirs
    assert caught.value.__cause__ is theirs


def test_a_message_has_four_parts() -> None:
    error = StepError("It failed.", why="Because.", state="Untouched.", todo="Again.")
    assert error.render().splitlines() == [
        "FAILED: It failed.",
        "why:    Because.",
        "now:    Untouched.",
        "do:     Again.",
    ]


def test_a_message_stays_under_20_lines_and_keeps_first_and_last_of_the_reason() -> None:
    why = "\n".join(f"line {number} " + "x" * 1000 for number in range(100))
    text = StepError("a\nb", why=why, state="c\nd", todo="e").render()
    assert len(text.splitlines()) < 20
    assert "line 0 " in text
    assert "line 99 " in text
    assert max(len(line) for line in text.splitlines()) <= 308


def test_wrong_input_has_an_exit_code_of_its_own() -> None:
    assert (StepError.exit_code, InputError.exit_code) == (1, 2)
