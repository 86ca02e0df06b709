"""Certificates and access lists against the stand-in's API."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from steps.npm.inputs import AccessList, Certificate, nice_name
from steps.secret_values import revealed
from tests.unit.npm_api import Running, host, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "planted-list-password"

Bag = dict[str, Any]


@pytest.fixture
def npm(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as api:
        yield api


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A self-signed certificate and its key, as PEM."""
    folder = tmp_path_factory.mktemp("pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=own.example", "-keyout", "key.pem", "-out", "own.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return {
        "certificate": (folder / "own.pem").read_text(),
        "certificate_key": (folder / "key.pem").read_text(),
    }


def certificate(name: str, **given: object) -> Bag:
    entry = revealed(Certificate.model_validate(given).model_dump())
    return {**entry, "nice_name": nice_name(name, entry)}


def access_list(**given: object) -> Bag:
    entry: Bag = revealed(AccessList.model_validate(given).model_dump())
    return entry


def test_a_certificate_is_asked_for_once(npm: Running) -> None:
    wanted = {"acme": certificate("acme", domain_names=("www.acme.example", "acme.example"))}
    made = npm.ask("certificates", "apply", wanted)
    assert made["errors"] == {}
    assert made["entries"] == {"acme": "acme.example, www.acme.example"}
    npm.ask("certificates", "apply", wanted, facts=made["facts"])
    assert npm.ask("certificates", "read", wanted) == made
    assert npm.changes.count("POST /api/nginx/certificates 201") == 1


def test_the_challenge_over_dns_is_passed_on_as_npm_wants_it(npm: Running) -> None:
    wanted = certificate(
        "acme",
        domain_names=("*.acme.example",),
        dns_provider="cloudflare",
        dns_provider_credentials="dns_cloudflare_api_token=x",
        propagation_seconds=30,
    )
    assert npm.ask("certificates", "apply", {"acme": wanted})["errors"] == {}
    (row,) = npm.npm.store.all("certificate")
    assert row["meta"] == {
        "dns_challenge": True,
        "dns_provider": "cloudflare",
        "dns_provider_credentials": "dns_cloudflare_api_token=x",
        "key_type": "ecdsa",
        "propagation_seconds": 30,
    }


def test_one_refused_by_the_authority_leaves_the_others(npm: Running) -> None:
    wanted = {
        "far": certificate("far", domain_names=("a.unreachable.example",)),
        "near": certificate("near", domain_names=("near.example",)),
    }
    made = npm.ask("certificates", "apply", wanted)
    assert list(made["errors"]) == ["far"]
    assert "HTTP 500 Internal Error" in made["errors"]["far"]
    assert list(made["entries"]) == ["near"]


def test_one_of_ones_own_is_uploaded_and_again_when_it_changed(
    npm: Running, pair: dict[str, str], tmp_path: Path
) -> None:
    wanted = {"own": certificate("own", provider="other", domain_names=("own.example",), **pair)}
    made = npm.ask("certificates", "apply", wanted, changed=["own"])
    assert made["errors"] == {}
    folder = tmp_path / "custom_ssl" / f"npm-{made['facts']['ids']['own']}"
    assert (folder / "fullchain.pem").read_text() == pair["certificate"]
    assert (folder / "privkey.pem").read_text() == pair["certificate_key"]
    npm.ask("certificates", "apply", wanted, facts=made["facts"])
    uploads = [one for one in npm.changes if one.endswith("/upload 200")]
    assert len(uploads) == 1
    npm.ask("certificates", "apply", wanted, facts=made["facts"], changed=["own"])
    assert len([one for one in npm.changes if one.endswith("/upload 200")]) == 2


def test_other_domains_are_another_certificate_and_the_old_one_goes_once_unused(
    npm: Running,
) -> None:
    old = {"acme": certificate("acme", domain_names=("acme.example",))}
    made = npm.ask("certificates", "apply", old)
    served = {"acme": host("acme.example", certificate="acme.example", ssl_forced=True)}
    hosts = npm.ask("hosts", "apply", served)
    new = {"acme": certificate("acme", domain_names=("acme.example", "www.acme.example"))}
    second = npm.ask("certificates", "apply", new, facts=made["facts"])
    assert second["facts"]["stale"] == [made["facts"]["ids"]["acme"]]
    served["acme"]["certificate"] = "acme.example, www.acme.example"
    npm.ask("hosts", "apply", served, facts=hosts["facts"])
    third = npm.ask("certificates", "apply", new, facts=second["facts"])
    assert third["facts"]["stale"] == []
    assert [one["nice_name"] for one in npm.npm.store.all("certificate")] == [
        "acme.example, www.acme.example"
    ]


def test_an_access_list_is_made_changed_and_left_alone(npm: Running) -> None:
    wanted = {"office": access_list(users={"ana": CANARY}, clients=({"address": "10.0.0.0/8"},))}
    made = npm.ask("lists", "apply", wanted, changed=["office"])
    assert made["errors"] == {}
    assert made["entries"]["office"]["users"] == ["ana"]
    changes = npm.changes
    npm.ask("lists", "apply", wanted, facts=made["facts"])
    assert npm.changes == changes
    wanted["office"]["satisfy_any"] = True
    npm.ask("lists", "apply", wanted, facts=made["facts"])
    assert npm.changes == [
        *changes,
        f"PUT /api/nginx/access-lists/{made['facts']['ids']['office']} 200",
    ]
    assert CANARY not in str(made)


def test_another_password_is_sent_though_npm_shows_none(npm: Running) -> None:
    wanted = {"office": access_list(users={"ana": CANARY})}
    made = npm.ask("lists", "apply", wanted, changed=["office"])
    wanted["office"]["users"]["ana"] = "another-planted-password"
    npm.ask("lists", "apply", wanted, facts=made["facts"], changed=["office"])
    (row,) = npm.npm.store.all("access_list")
    assert row["items"] == [{"username": "ana", "password": "another-planted-password"}]


def test_a_list_that_guards_a_host_is_not_deleted(npm: Running) -> None:
    made = npm.ask("lists", "apply", {"office": access_list(users={"ana": CANARY})})
    guarded = npm.ask("hosts", "apply", {"acme": host("acme.example", access_list="office")})
    left = {"facts": made["facts"], "gone": ["office"]}
    refused = npm.ask("lists", "apply", {}, **left)
    assert "open them to everybody" in refused["errors"]["office"]
    npm.ask("hosts", "apply", {"acme": host("acme.example")}, facts=guarded["facts"])
    assert npm.ask("lists", "apply", {}, **left)["errors"] == {}
    assert npm.npm.store.all("access_list") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "other"}, "give certificate and certificate_key"),
        ({"certificate": "x", "certificate_key": "y"}, "only with provider other"),
        ({"dns_provider": "cloudflare"}, "or neither"),
    ],
)
def test_half_a_certificate_is_refused(given: Bag, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Certificate.model_validate({"domain_names": ("a.example",), **given})
