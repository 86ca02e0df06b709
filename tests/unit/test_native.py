"""What the program declares of the native provider is what the provider takes."""

from typing import Any

import pulumi
import pytest

from components.native.npm import AccessLists
from provider.catalog import TYPES
from provider.states import failures_in
from provider.wire.values import plain_bag, wrap
from tests.unit.declared import Registered, declared, registered
from tests.unit.stack_files import ERP

TOKENS = {token.rpartition(":")[2]: token for token in TYPES}
CANARY = "planted-list-password"


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared({**ERP, "npm.acme": {}})


def accepted(estate: Registered, kind: str) -> list[str]:
    """Names of the registered resources of a kind, all of which the provider accepts."""
    found = estate.of(kind)
    for one in found.values():
        inputs = plain_bag({key: wrap(value) for key, value in one.inputs.items()})
        assert failures_in(TYPES[TOKENS[kind]], inputs) == []
        assert one.options["version"] == "0.1.0"
    return list(found)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Environment", "sistema-convex-env"),
        ("Certificates", "erp-certificates"),
        ("ProxyHosts", "erp-hosts"),
    ],
)
def test_what_the_estate_declares_is_accepted(estate: Registered, kind: str, name: str) -> None:
    assert accepted(estate, kind) == [name]


def test_hosts_name_the_certificates_that_are_declared(estate: Registered) -> None:
    certificates = estate["Certificates:erp-certificates"].inputs["certificates"]
    called = {name: ", ".join(one["domain_names"]) for name, one in certificates.items()}
    hosts: dict[str, Any] = estate["ProxyHosts:erp-hosts"].inputs["hosts"]
    assert {name: one["certificate"] for name, one in hosts.items()} == called
    assert "Certificates:erp-certificates" in estate.before("ProxyHosts:erp-hosts")


def test_access_lists_are_secret_as_a_whole(estate: Registered) -> None:
    reach = {
        name: value
        for name, value in estate["ProxyHosts:erp-hosts"].inputs.items()
        if name != "hosts"
    }
    lists = {"office": {"users": {"ana": CANARY}}}
    made = registered(lambda: AccessLists("lists", reach, lists, pulumi.ResourceOptions()))
    assert accepted(made, "AccessLists") == ["lists"]
    assert made["AccessLists:lists"].secret == {"lists"}
