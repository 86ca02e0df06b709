"""DNS records: one for each name and address, with the fields of the package we do not import."""

import ast
from pathlib import Path

import pulumi_command
import pytest

from components.dns_record import VERSION
from tests.unit.declared import declared
from tests.unit.stack_files import ROOT

# Beside another package: importing this one costs 9 s, which is why it is only read.
PACKAGE = Path(pulumi_command.__file__).parent.parent / "pulumi_cloudflare"


def package_class(name: str) -> ast.ClassDef:
    tree = ast.parse((PACKAGE / "dns_record.py").read_text(encoding="utf-8"))
    (found,) = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    return found


def wire_names(of: ast.ClassDef) -> dict[str, str]:
    """Wire name of each property of a class → its Python type as written."""
    names = {}
    for one in of.body:
        if not isinstance(one, ast.FunctionDef):
            continue
        decorators = {ast.unparse(decorator) for decorator in one.decorator_list}
        if not decorators & {"pulumi.getter", "property"} and not any(
            text.startswith("pulumi.getter(") for text in decorators
        ):
            continue
        renamed = [text for text in decorators if text.startswith("pulumi.getter(name=")]
        name = renamed[0].split("'")[1] if renamed else one.name
        names[name] = ast.unparse(one.returns) if one.returns else ""
    return names


def test_our_record_has_the_token_version_and_fields_of_the_package() -> None:
    arguments = wire_names(package_class("DnsRecordArgs"))
    assert {"zoneId", "name", "type", "content", "ttl", "proxied"} <= arguments.keys()
    record = declared()["DnsRecord:tickets.example.com-A"]
    assert record.inputs.keys() <= arguments.keys()
    kinds = {"float": float, "bool": bool, "str": str}
    for name, value in record.inputs.items():
        (kind,) = [one for word, one in kinds.items() if f".{word}]" in arguments[name]]
        assert isinstance(value, kind), name


def test_the_token_is_the_packages_own() -> None:
    text = (PACKAGE / "dns_record.py").read_text(encoding="utf-8")
    source = (ROOT / "components/dns_record.py").read_text(encoding="utf-8")
    assert "'cloudflare:index/dnsRecord:DnsRecord'" in text
    assert '"cloudflare:index/dnsRecord:DnsRecord"' in source


def test_the_version_is_that_of_the_package() -> None:
    (info,) = PACKAGE.parent.glob("pulumi_cloudflare-*.dist-info")
    assert info.name == f"pulumi_cloudflare-{VERSION}.dist-info"
    record = declared()["DnsRecord:tickets.example.com-A"]
    assert record.options["version"] == VERSION


def test_the_provider_takes_what_we_give_it() -> None:
    tree = ast.parse((PACKAGE / "provider.py").read_text(encoding="utf-8"))
    (arguments,) = [
        one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == "ProviderArgs"
    ]
    provider = declared({"dns.api_url": "https://api.example.com/v4"})["cloudflare:cloudflare"]
    assert provider.inputs.keys() == {"apiToken", "baseUrl"}
    assert provider.inputs.keys() <= wire_names(arguments).keys()
    assert provider.secret == {"apiToken"}


def test_without_another_api_the_providers_own_address_stands() -> None:
    assert declared()["cloudflare:cloudflare"].inputs == {"apiToken": "token"}


def test_every_domain_has_a_record_and_every_record_each_field() -> None:
    estate = declared({"tickets.web.extra_domains": ["old.example.com"]})
    assert {name: one.inputs for name, one in estate.of("DnsRecord").items()} == {
        f"{name}.example.com-A": {
            "zoneId": "1f" * 16,
            "name": f"{name}.example.com",
            "type": "A",
            "content": "203.0.113.7",
            "ttl": 300,
            "proxied": False,
        }
        for name in ("tickets", "old", "convex")
    }


def test_ipv6_is_announced_where_the_host_has_it() -> None:
    records = declared({"hosts.vps.address_v6": "2001:db8::7"}).of("DnsRecord")
    assert records["tickets.example.com-AAAA"].inputs["content"] == "2001:db8::7"
    assert records["tickets.example.com-A"].inputs["content"] == "203.0.113.7"


def test_records_of_the_stacks_own_are_made_in_the_zone_that_holds_them() -> None:
    estate = declared({
        "dns.zones": {"example.com": "1f" * 16, "deep.example.com": "2e" * 16},
        "dns.records": [
            {"name": "www.deep.example.com", "type": "CNAME", "content": "example.com"}
        ],
    })
    record = estate["DnsRecord:www.deep.example.com-CNAME"]
    assert record.inputs["zoneId"] == "2e" * 16
    assert record.inputs["content"] == "example.com"


@pytest.mark.parametrize(("proxied", "ttl"), [(True, 1), (False, 300)])
def test_proxied_and_ttl_stand_in_each_record(proxied: bool, ttl: int) -> None:  # noqa: FBT001 - a case
    estate = declared({
        "dns.proxied": proxied,
        "dns.ttl": ttl,
        "edge.trusted_proxies": ["198.51.100.0/24"],
    })
    for one in estate.of("DnsRecord").values():
        assert (one.inputs["proxied"], one.inputs["ttl"]) == (proxied, ttl)
