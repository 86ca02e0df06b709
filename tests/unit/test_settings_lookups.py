import pytest

import settings
from settings.placeholder import is_placeholder
from tests.unit.stack_files import DIGEST, changed, raw


def test_a_domain_belongs_to_the_longest_zone_that_holds_it() -> None:
    zones = {"example.com": "1f" * 16, "dev.example.com": "2f" * 16}
    dns = settings.load(raw(changed({"dns.zones": zones})), "test").dns
    assert dns
    assert dns.zone("tickets.example.com") == ("example.com", "1f" * 16)
    assert dns.zone("a.b.dev.example.com") == ("dev.example.com", "2f" * 16)
    assert dns.zone("example.com") == ("example.com", "1f" * 16)
    assert dns.zone("notexample.com") is None


def test_a_host_belongs_to_the_swarm_of_its_manager() -> None:
    two = {"url": "unix:///run/two.sock", "address": "203.0.113.9", "manager": "vps", "node": "b"}
    estate = settings.load(raw(changed({"hosts.vps.node": "a", "hosts.two": two})), "test")
    assert [estate.swarm(name) for name in ("vps", "two")] == ["vps", "vps"]


def test_several_records_may_share_a_name() -> None:
    records = [
        {"name": "a.example.com", "type": "A", "content": "203.0.113.7"},
        {"name": "a.example.com", "type": "AAAA", "content": "2001:db8::7"},
    ]
    settings.load(raw(changed({"dns.records": records})), "test")


def test_an_empty_stack_is_an_estate_with_nothing_in_it() -> None:
    estate = settings.load(dict.fromkeys(settings.KEYS), "test")
    assert estate == settings.Estate()
    assert estate.hosts == {}


@pytest.mark.parametrize(
    "value",
    [
        "placeholder",
        "app:1@sha256:" + "0" * 64,
        "0" * 32,
        "192.0.2.1",
        "192.0.2.0/24",
        "smtp.example.invalid",
        "Tickets <no-reply@example.invalid>",
        f"registry.invalid/app@{DIGEST}",
    ],
)
def test_a_placeholder_is_recognised(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value", ["0" * 31, "203.0.113.7", "192.0.0.0/16", "2001:db8::/32", f"app@{DIGEST}", "", "a.b"]
)
def test_a_real_value_is_no_placeholder(value: str) -> None:
    assert not is_placeholder(value)
