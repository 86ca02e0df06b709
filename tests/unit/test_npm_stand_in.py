"""The stand-in refuses and answers as NPM 2.15 was seen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.images.npm.backend import schema
from local.images.npm.backend.errors import ApiError
from local.images.npm.backend.nginx import server
from tests.unit.npm_api import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = {
    "domain_names": ["b.example", "a.example"],
    "forward_scheme": "http",
    "forward_host": "web",
    "forward_port": 80,
}


@pytest.fixture
def npm(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as api:
        api.ask("hosts", "read", {})
        yield api


def token(npm: Running) -> str:
    credentials = {"identity": "ops@example.com", "secret": "planted-npm-password"}
    _, said = npm.npm.answer("POST", "/api/tokens", credentials, None)
    return str(said["token"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"letsencrypt_agree": True}, "data must NOT have additional properties"),
        ({"forward_port": 0}, "data/forward_port must be >= 1"),
        ({"forward_scheme": "ftp"}, "data/forward_scheme must be equal to one of the allowed"),
        ({"domain_names": []}, "data/domain_names must NOT have fewer than 1 items"),
        ({"domain_names": ["a.example", "a.example"]}, "must NOT have duplicate items"),
        ({"forward_host": 7, "enabled": "maybe"}, "data/enabled must be boolean"),
        ({"locations": [{"path": "/x"}]}, "must have required property 'forward_host'"),
    ],
)
def test_a_body_is_refused_in_the_validators_words(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as refused:
        schema.demand({**HOST, **changed}, schema.NEW_HOST)
    assert refused.value.status == 400
    assert message in refused.value.message


def test_the_answer_to_a_new_host_is_201_with_empty_meta_and_sorted_domains(npm: Running) -> None:
    body = {**HOST, "advanced_config": "broken", "ssl_forced": True, "hsts_enabled": True}
    code, row = npm.npm.answer("POST", "/api/nginx/proxy-hosts", body, token(npm))
    assert (code, row["meta"], row["domain_names"]) == (201, {}, ["a.example", "b.example"])
    assert (row["ssl_forced"], row["hsts_enabled"]) == (False, False)
    _, later = npm.npm.answer("GET", f"/api/nginx/proxy-hosts/{row['id']}", None, token(npm))
    assert later["meta"]["nginx_online"] is False
    assert "unknown directive" in later["meta"]["nginx_err"]


def test_without_a_token_nothing_is_shown_and_a_wrong_password_is_400(npm: Running) -> None:
    code, said = npm.npm.answer("GET", "/api/nginx/proxy-hosts", None, None)
    assert (code, said["error"]["message"]) == (403, "Permission Denied")
    wrong = {"identity": "ops@example.com", "secret": "no"}
    code, said = npm.npm.answer("POST", "/api/tokens", wrong, None)
    assert (code, said["error"]["message"]) == (400, "Invalid email or password")


def test_a_second_user_needs_a_token(npm: Running) -> None:
    body = {"name": "Eve", "nickname": "eve", "email": "eve@example.com"}
    assert npm.npm.answer("POST", "/api/users", body, None)[0] == 403
    assert npm.npm.answer("POST", "/api/users", body, token(npm))[0] == 201


def test_rows_survive_a_restart_and_identifiers_are_never_reused(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        first = api.npm.hosts.create(HOST, 1)
        api.npm.hosts.remove(first["id"])
    (tmp_path / "custom_ssl").rmdir()
    with running(tmp_path) as api:
        assert api.npm.hosts.create(HOST, 1)["id"] == first["id"] + 1


def test_an_upgrade_is_passed_on_only_where_it_is_allowed(npm: Running, tmp_path: Path) -> None:
    row = npm.npm.hosts.create(HOST, 1)
    assert "$http_upgrade" not in server(row, None, None, tmp_path)
    allowed = npm.npm.hosts.update(row["id"], {"allow_websocket_upgrade": True})
    assert "$http_upgrade" in server(allowed, None, None, tmp_path)


def test_a_root_location_of_ones_own_takes_the_place_of_the_usual_one(
    npm: Running, tmp_path: Path
) -> None:
    own = "location / {\n  proxy_pass $forward_scheme://$server:$port$request_uri;\n}"
    row = npm.npm.hosts.create({**HOST, "advanced_config": own}, 1)
    assert server(row, None, None, tmp_path).count("location /") == 1
