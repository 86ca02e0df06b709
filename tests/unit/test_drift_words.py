"""How values are shown, and that what may be a secret is not."""

import base64

import pytest

from ops.drift.words import shown
from tests.unit.drift_world import SECRET, Reality

CONTAINER = "taskSpec.containerSpec"


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("a", None, "nothing"),
        ("a", "", "nothing"),
        (f"{CONTAINER}.env.EMPTY", "", '""'),
        ("a", 0, "0"),
        ("a", False, "false"),
        ("a", ["x", "y"], '["x", "y"]'),
        ("a", {"b": 1, "c": "", "d": {"e": None}}, '{"b": 1}'),
        (f"{CONTAINER}.stopGracePeriod", 90 * 10**9, "1m30s"),
        ("updateConfig.delay", 0, "0s"),
        ("taskSpec.resources.limits.memoryBytes", 3 * 2**30, "3G"),
        ("taskSpec.resources.limits.memoryBytes", 1000, "1000"),
        ("taskSpec.resources.limits.memoryBytes", 0, "0"),
    ],
)
def test_a_value_is_shown_as_people_write_it(path: str, value: object, text: str) -> None:
    assert shown(path, value) == text


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "SMTP_PASS", "pgpasswd", "API_KEY", "apiKey", "SECRET_KEY_BASE"),
        *("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "BASIC_AUTH", "SIGNING_KEY"),
    ],
)
def test_a_variable_that_is_called_like_a_secret_shows_no_value(name: str) -> None:
    assert shown(f"{CONTAINER}.env.{name}", "hunter2") == "***"


def test_a_label_with_a_login_shows_no_value() -> None:
    path = 'labels["traefik.http.middlewares.x.basicauth.users"]'
    assert shown(path, "ana:$2y$05$hunter2") == "***"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("postgres://crm:hunter2@db/crm", '"postgres://***@db/crm"'),
        (["--password=hunter2", "-v"], '["--password=***", "-v"]'),
        (["--token", "x"], '["--token", "x"]'),
        ("curl -H 'api-key: hunter2' x", "\"curl -H 'api-key: ***' x\""),
    ],
)
def test_a_login_inside_a_text_is_taken_out(value: object, text: str) -> None:
    assert shown(f"{CONTAINER}.args", value) == text


def test_a_plain_variable_and_the_name_of_a_secret_are_shown() -> None:
    assert shown(f"{CONTAINER}.env.LEVEL", "info") == '"info"'
    assert shown(f'{CONTAINER}.secrets["/app/.env"].secretName', "env_1") == '"env_1"'
    assert shown("labels.monkey", "1") == '"1"'


def test_a_secret_of_the_stack_is_hidden_wherever_it_shows_up() -> None:
    encoded = base64.b64encode(SECRET.encode()).decode()
    for text in (SECRET, f"x{SECRET}y", encoded):
        made = Reality()
        made.container["Hostname"] = text
        (one,) = made.found()
        assert SECRET not in one.found
        assert encoded not in one.found
        assert "***" in one.found
