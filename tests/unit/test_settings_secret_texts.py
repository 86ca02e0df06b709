"""Which texts of the settings are taken out of everything that is shown."""

from pydantic import BaseModel, SecretStr

import settings
from settings import secret_texts
from tests.unit.stack_files import CRM, changed, raw


class Login(BaseModel):
    user: str
    password: SecretStr


class Logins(BaseModel):
    token: SecretStr
    none: SecretStr | None
    by_name: dict[str, Login]
    one: Login


def test_a_secret_is_found_at_any_depth_and_nothing_else_is_taken_for_one() -> None:
    given = Logins(
        token=SecretStr("a"),
        none=None,
        by_name={"x": Login(user="ana", password=SecretStr("b"))},
        one=Login(user="eva", password=SecretStr("c")),
    )
    assert list(secret_texts(given)) == ["a", "b", "c"]
    assert list(secret_texts({"deep": {"deeper": given}})) == ["a", "b", "c"]


def test_what_holds_no_secret_gives_none() -> None:
    held: list[object] = [None, "text", 5, [], {}, {"a": "text"}]
    assert [list(secret_texts(one)) for one in held] == [[]] * len(held)


def test_every_secret_of_a_stack_file_is_hidden() -> None:
    planted = {
        "dnsSecrets.CLOUDFLARE_API_TOKEN": "0canary",
        "registrySecrets": {"ghcr.io": {"username": "robot", "password": "1canary"}},
        "backupSecrets.RESTIC_PASSWORD": "2canary" * 6,
        "crmSecrets": {"POSTGRES_PASSWORD": "c3" * 32, "env": {"JWT_SECRET": "4canary" * 5}},
        "ticketsSecrets.SMTP_PASSWORD": "5canary",
        "alerts.urls": ["json://7canary@example.com"],
        "ticketsSecrets.BETTER_AUTH_SECRET": "6canary" * 6,
    }
    estate = settings.load(raw(changed({**CRM, **planted})), "test")
    found = set(secret_texts(estate))
    assert found >= {
        *("0canary", "1canary", "2canary" * 6, "c3" * 32),
        *("4canary" * 5, "5canary", "6canary" * 6, "json://7canary@example.com"),
    }
    assert "robot" not in found
