from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from steps.redact import Redactor, texts_in

SECRET = 's3cr&t "word"/+äöü>>>???'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        SECRET.encode().hex(),
        repr(SECRET),
    ],
)
def test_a_secret_is_hidden_in_every_form(text: str) -> None:
    hidden = Redactor([SECRET]).hide(f"before {text} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert text not in hidden
    assert "***" in hidden


@pytest.mark.parametrize("user", ["a", "ab", "abc", "abcd"])
def test_a_password_inside_basic_authentication_is_hidden_at_each_offset(user: str) -> None:
    password = "correct horse battery"
    header = base64.b64encode(f"{user}:{password}".encode()).decode()
    hidden = Redactor([password]).hide(header)
    assert "***" in hidden
    assert len(hidden.replace("***", "")) < 12


def test_the_values_of_an_environment_file_are_secrets_each() -> None:
    redactor = Redactor(["SMTP_PASSWORD='hunter2-long'\nTOKEN=abcdef-123456\n"])
    assert redactor.hide("hunter2-long and abcdef-123456") == "*** and ***"


def test_a_longer_secret_is_hidden_before_one_that_it_contains() -> None:
    assert Redactor(["abcdef", "abcdef-ghijkl"]).hide("abcdef-ghijkl") == "***"


def test_values_too_short_to_be_secrets_stay() -> None:
    assert Redactor(["8", "true", ""]).hide("8 is true") == "8 is true"


def test_a_secret_added_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    redactor.add("machine-token-1")
    assert redactor.hide("got machine-token-1") == "got ***"


def test_results_stay_json_after_hiding() -> None:
    redactor = Redactor(['quote"inside'])
    hidden = redactor.hide_in({"a": ['quote"inside', 1, None], "b": {"c": True}})
    assert hidden == {"a": ["***", 1, None], "b": {"c": True}}


def test_texts_at_any_depth_are_found() -> None:
    assert list(texts_in({"a": "x", "set": {"B": "y", "C": None}, "d": ["z", 1]})) == [
        "x",
        "y",
        "z",
    ]
