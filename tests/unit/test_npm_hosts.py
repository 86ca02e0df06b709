"""Proxy hosts against the stand-in's API: what is asked of NPM, and what is made of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.npm_api import IDENTITY, PASSWORD, Running, host, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACME, GLOBEX = host("acme.example"), host("globex.example", "www.globex.example")


@pytest.fixture
def npm(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as api:
        yield api


def test_the_first_user_is_made_and_then_logs_in(npm: Running) -> None:
    assert not npm.npm.users.is_setup
    assert npm.ask("hosts", "read", {}) == {"errors": {}, "entries": {}, "facts": {"ids": {}}}
    assert [one["email"] for one in npm.npm.store.all("user")] == [IDENTITY]
    npm.ask("hosts", "read", {})
    assert npm.changes == ["POST /api/users 201"]


def test_what_is_made_is_found_again_and_left_alone(npm: Running) -> None:
    wanted = {"acme": ACME, "globex": GLOBEX}
    made = npm.ask("hosts", "apply", wanted)
    assert made["entries"] == wanted
    changes = npm.changes
    again = npm.ask("hosts", "apply", wanted, facts=made["facts"])
    assert again == made
    assert npm.ask("hosts", "read", wanted, facts=made["facts"]) == made
    assert npm.changes == changes


def test_only_the_host_that_differs_is_touched(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"acme": ACME, "globex": GLOBEX})
    before = len(npm.changes)
    wanted = {
        "acme": ACME,
        "globex": {**GLOBEX, "allow_websocket_upgrade": True},
        "initech": host("initech.example"),
    }
    npm.ask("hosts", "apply", wanted, facts=made["facts"])
    globex = made["facts"]["ids"]["globex"]
    assert npm.changes[before:] == [
        f"PUT /api/nginx/proxy-hosts/{globex} 200",
        "POST /api/nginx/proxy-hosts 201",
    ]


def test_a_host_made_by_hand_for_the_domain_is_taken_over(npm: Running) -> None:
    npm.ask("hosts", "apply", {"hand": host("acme.example", "old.example", forward_port=9)})
    (row,) = npm.npm.store.all("proxy_host")
    made = npm.ask("hosts", "apply", {"acme": ACME})
    assert made["facts"]["ids"] == {"acme": row["id"]}
    assert npm.npm.store.one("proxy_host", row["id"])["domain_names"] == ["acme.example"]


def test_domains_that_are_spread_over_two_hosts_are_refused_with_both(npm: Running) -> None:
    npm.ask("hosts", "apply", {"a": host("a.example"), "b": host("b.example")})
    refused = npm.ask("hosts", "apply", {"both": host("a.example", "b.example")})
    assert "1 (a.example), 2 (b.example)" in refused["errors"]["both"]


def test_what_nginx_refuses_is_told_though_npm_says_201(npm: Running) -> None:
    wanted = {"acme": host("acme.example", advanced_config="broken on;"), "globex": GLOBEX}
    refused = npm.ask("hosts", "apply", wanted)
    assert "POST /api/nginx/proxy-hosts 201" in npm.changes
    assert 'unknown directive "broken"' in refused["errors"]["acme"]
    assert refused["entries"]["globex"] == GLOBEX
    seen = npm.ask("hosts", "read", wanted, facts=refused["facts"])
    assert seen["entries"]["acme"]["online"] is False
    corrected = npm.ask("hosts", "apply", {**wanted, "acme": ACME}, facts=refused["facts"])
    assert corrected["errors"] == {}


def test_a_host_that_served_serves_again_when_its_change_is_refused(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"acme": ACME})
    wanted = {"acme": {**ACME, "advanced_config": "broken on;", "forward_port": 9000}}
    refused = npm.ask("hosts", "apply", wanted, facts=made["facts"])
    assert "it serves again as before" in refused["errors"]["acme"]
    (served,) = npm.proxy.served.values()
    assert served["forward_port"] == 8080
    assert npm.ask("hosts", "read", wanted, facts=made["facts"])["entries"]["acme"] == ACME


def test_a_host_that_is_served_is_not_deleted_and_a_disabled_one_is(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"acme": ACME, "globex": GLOBEX})
    left = {"facts": made["facts"], "gone": ["acme"]}
    refused = npm.ask("hosts", "apply", {"globex": GLOBEX}, **left)
    assert "still served" in refused["errors"]["acme"]
    off = {"acme": {**ACME, "enabled": False}, "globex": GLOBEX}
    assert npm.ask("hosts", "apply", off, facts=made["facts"])["errors"] == {}
    assert npm.ask("hosts", "apply", {"globex": GLOBEX}, **left)["errors"] == {}
    assert [one["domain_names"] for one in npm.npm.store.all("proxy_host")] == [
        GLOBEX["domain_names"]
    ]


def test_a_domain_moves_from_one_host_to_another_in_one_change(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"a": host("a.example"), "b": host("b.example", "x.example")})
    moved = {"a": host("a.example", "x.example"), "b": host("b.example")}
    done = npm.ask("hosts", "apply", moved, facts=made["facts"])
    assert done["errors"] == {}
    assert done["entries"] == moved


def test_two_hosts_cannot_swap_their_domains_at_once(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"a": host("a.example"), "b": host("b.example")})
    swapped = {"a": host("b.example"), "b": host("a.example")}
    refused = npm.ask("hosts", "apply", swapped, facts=made["facts"])
    assert all("already in use" in why for why in refused["errors"].values())
    assert len(refused["errors"]) == 2


def test_a_change_by_hand_and_a_deletion_are_seen(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"acme": ACME, "globex": GLOBEX})
    ids = made["facts"]["ids"]
    npm.npm.hosts.update(ids["acme"], {"forward_port": 9999})
    npm.npm.hosts.remove(ids["globex"])
    seen = npm.ask("hosts", "read", {"acme": ACME, "globex": GLOBEX}, facts=made["facts"])
    assert seen["entries"] == {"acme": {**ACME, "forward_port": 9999}}


def test_hosts_that_are_none_of_ours_are_told(npm: Running) -> None:
    made = npm.ask("hosts", "apply", {"acme": ACME, "globex": GLOBEX})
    assert "others" not in npm.ask("hosts", "read", {"acme": ACME, "globex": GLOBEX})["facts"]
    seen = npm.ask("hosts", "read", {"acme": ACME}, facts=made["facts"])
    assert seen["facts"]["others"] == [" ".join(GLOBEX["domain_names"])]


def test_certificate_and_access_list_go_by_name(npm: Running) -> None:
    wanted = host("acme.example", certificate="acme", access_list="office", ssl_forced=True)
    refused = npm.ask("hosts", "apply", {"acme": wanted})
    assert refused["errors"] == {"acme": "there is no certificate called acme"}
    certificate = npm.npm.store.add(
        "certificate", {"nice_name": "acme", "provider": "other", "domain_names": []}
    )
    office = npm.npm.lists.create({"name": "office"}, 1)
    done = npm.ask("hosts", "apply", {"acme": wanted})
    assert done["entries"] == {"acme": wanted}
    (row,) = npm.npm.store.all("proxy_host")
    assert (row["certificate_id"], row["access_list_id"]) == (certificate["id"], office["id"])


def test_a_token_that_has_run_out_is_renewed(tmp_path: Path) -> None:
    with running(tmp_path, token_s=0.0) as api:
        said = api.ask("hosts", "read", {})
        # With tokens that never hold, the second login is the last try, not a loop.
        assert "Token has expired" in said["failed"]
        logins = api.npm.requests.count("POST /api/tokens 200")
        assert logins == 2
        api.npm.users.token_s = 60.0
        assert api.ask("hosts", "read", {})["entries"] == {}


def test_a_second_factor_and_a_wrong_password_are_told_without_the_password(npm: Running) -> None:
    npm.ask("hosts", "read", {})
    npm.npm.users.ask_second_factor(IDENTITY)
    said = npm.ask("hosts", "read", {})
    assert "second factor" in said["failed"]
    (user,) = npm.npm.store.all("user")
    npm.npm.store.change("user", user["id"], {"second_factor": False})
    npm.npm.users.change_secret(user["id"], {"current": PASSWORD, "secret": "another-one"})
    said = npm.ask("hosts", "read", {})
    assert "Invalid email or password" in said["failed"]
    assert PASSWORD not in str(said)


def test_another_password_is_set_by_a_change_and_only_used_by_a_look(npm: Running) -> None:
    npm.ask("hosts", "apply", {"acme": ACME})
    both = ("another-planted-one", PASSWORD)
    assert "acme" in npm.ask("hosts", "read", {"acme": ACME}, *both)["entries"]
    assert "does not let" in npm.ask("hosts", "read", {}, both[0])["failed"]
    assert npm.ask("hosts", "apply", {"acme": ACME}, *both)["errors"] == {}
    assert "PUT /api/users/me/auth 200" in npm.changes
    assert "acme" in npm.ask("hosts", "read", {"acme": ACME}, both[0])["entries"]


def test_no_npm_at_all_is_a_failure_with_the_address() -> None:
    nobody = Running(None, None, "http://127.0.0.1:1")  # type: ignore[arg-type]  # not reached
    assert "no NPM answers at http://127.0.0.1:1" in nobody.ask("hosts", "read", {})["failed"]
