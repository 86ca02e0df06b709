"""The seeds ensure; only SEED_ENSURE_ONLY=false resets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.images.tickets_demo import MIGRATE, query, run_once

if TYPE_CHECKING:
    from tests.images.conftest import Start

SEED = ("bun", "run", "auth:seed")
ADMIN = {
    "SEED_USER_EMAIL": "ana@tickets.localhost",
    "SEED_USER_NAME": "Ana",
    "SEED_USER_ROLE": "admin",
    "SEED_USER_PASSWORD": "the first one",
}


def test_a_password_is_reset_only_when_asked(
    start: Start, images: dict[str, str], volume: str
) -> None:
    image = images["tickets"]
    hashes = 'SELECT email || password FROM "user"'
    assert run_once(start, image, *MIGRATE, volume=volume)[0] == 0
    ensure = ADMIN | {"SEED_ENSURE_ONLY": "true"}
    assert run_once(start, image, *SEED, volume=volume, env=ensure)[0] == 0
    first = query(start, images["tools"], volume=volume, sql=hashes)
    assert first.count("@") == 1, "only the admin that was asked for"
    changed = ensure | {"SEED_USER_PASSWORD": "another one"}
    code, log = run_once(start, image, *SEED, volume=volume, env=changed)
    assert code == 0
    assert "another one" not in log
    assert query(start, images["tools"], volume=volume, sql=hashes) == first
    reset = changed | {"SEED_ENSURE_ONLY": "false"}
    assert run_once(start, image, *SEED, volume=volume, env=reset)[0] == 0
    assert query(start, images["tools"], volume=volume, sql=hashes) != first


def test_an_admin_without_a_password_is_refused_by_name(
    start: Start, images: dict[str, str], volume: str
) -> None:
    env = {"SEED_USER_EMAIL": "ana@tickets.localhost"}
    assert run_once(start, images["tickets"], *MIGRATE, volume=volume)[0] == 0
    code, log = run_once(start, images["tickets"], *SEED, volume=volume, env=env)
    assert code == 1
    assert "SEED_USER_PASSWORD is missing" in log


def test_queues_are_made_once(start: Start, images: dict[str, str], volume: str) -> None:
    assert run_once(start, images["tickets"], *MIGRATE, volume=volume)[0] == 0
    for _ in range(2):
        ensured = run_once(start, images["tickets"], "bun", "run", "queues:ensure", volume=volume)
        assert ensured[0] == 0, ensured[1]
    sql = "SELECT name FROM queue WHERE slug = 'chamados'"
    assert query(start, images["tools"], volume=volume, sql=sql) == "Chamados"
