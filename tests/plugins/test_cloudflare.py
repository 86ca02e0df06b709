"""cloudflare.DnsRecord, through the real engine against an API of our own.

The SDK takes ten seconds to import, so the programs declare the resource by its token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.cloudflare.api import Cloudflare, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.project import Project

ZONE = "0123456789abcdef0123456789abcdef"
TOKEN = "planted-cloudflare-token"

PROGRAM = """
version = pulumi.ResourceOptions(version="6.17.0")
cloudflare = pulumi.ProviderResource("cloudflare", "cf",
    {{"apiToken": pulumi.Output.secret("{token}"), "baseUrl": "{url}"}}, version)
record = {{"zoneId": "{zone}", "name": "tickets.example.com", "type": "A",
    "content": "192.0.2.1", "ttl": 300, "proxied": False, "comment": "estate"}}
record.update({changed!r})
pulumi.CustomResource("cloudflare:index/dnsRecord:DnsRecord", "dns", record,
    pulumi.ResourceOptions(provider=cloudflare, version="6.17.0"))
"""


@pytest.fixture
def cloudflare() -> Iterator[Cloudflare]:
    with running({ZONE: "example.com", ZONE[::-1]: "example.org"}, TOKEN) as api:
        yield api


# The API has to outlive the project, which deletes its record at the end.
@pytest.fixture
def settled(cloudflare: Cloudflare, project: Project) -> Iterator[Project]:
    yield project
    assert project.destroy().code == 0
    assert not any(cloudflare.zones.records.values())


def program(api: Cloudflare, token: str = TOKEN, **changed: object) -> str:
    return PROGRAM.format(token=token, url=api.url, zone=ZONE, changed=changed)


def only(api: Cloudflare) -> dict[str, Any]:
    (record,) = api.zones.records[ZONE].values()
    return record


def test_a_record_is_made_changed_in_place_and_deleted(
    settled: Project, cloudflare: Cloudflare
) -> None:
    assert settled.plan(program(cloudflare))["dns"]["op"] == "create"
    assert not cloudflare.requests
    settled.must_up()
    first = only(cloudflare)
    assert (first["name"], first["content"], first["ttl"]) == (
        "tickets.example.com",
        "192.0.2.1",
        300,
    )
    assert settled.state("dns")["id"] == first["id"]
    settled.must_be_settled()
    assert settled.plan(program(cloudflare, content="192.0.2.2"))["dns"]["op"] == "update"
    settled.must_up()
    assert only(cloudflare)["content"] == "192.0.2.2"
    assert only(cloudflare)["id"] == first["id"]
    settled.must_be_settled()


def test_another_zone_is_another_record(settled: Project, cloudflare: Cloudflare) -> None:
    settled.must_up(program(cloudflare))
    moved = program(cloudflare, zoneId=ZONE[::-1], name="tickets.example.org")
    assert "replace" in settled.plan(moved)["dns"]["op"]
    settled.must_up()
    assert not cloudflare.zones.records[ZONE]
    assert len(cloudflare.zones.records[ZONE[::-1]]) == 1


def test_a_change_by_hand_is_drift(settled: Project, cloudflare: Cloudflare) -> None:
    settled.must_up(program(cloudflare))
    only(cloudflare)["content"] = "192.0.2.66"
    only(cloudflare)["proxied"] = True
    drift = settled.drift()
    assert "192.0.2.66" in drift
    assert "proxied" in drift
    cloudflare.zones.records[ZONE].clear()
    assert "dns" in settled.drift()
    settled.must("refresh", "--yes", "--skip-preview")
    assert settled.plan()["dns"]["op"] == "create"


def test_refusals_name_the_reason_and_no_token(settled: Project, cloudflare: Cloudflare) -> None:
    twin = {"name": "tickets.example.com", "type": "A", "content": "192.0.2.1", "ttl": 300}
    cloudflare.zones.create(ZONE, twin)
    run = settled.up(program(cloudflare))
    assert run.code != 0
    assert "identical record already exists" in run.output
    cloudflare.zones.records[ZONE].clear()
    assert "1004" in settled.up(program(cloudflare, content="not an address")).output
    refused = settled.up(program(cloudflare, token="planted-wrong-token"))
    assert refused.code != 0
    assert "9109" in refused.output
    assert "planted" not in refused.output
    assert "planted" not in settled.export()
    # With the right one again the project can clean up.
    settled.must_up(program(cloudflare))
