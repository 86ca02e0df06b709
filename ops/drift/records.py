"""Compares the DNS records of the declared zones with what was declared; each zone is read once."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import httpx

from ops.drift.allowed import Allowed
from ops.drift.declared import Resource
from ops.drift.fields import differences
from ops.drift.finding import Drift, Severity
from ops.drift.pairs import PUT_BACK, gone
from ops.drift.words import shown

TYPE = "cloudflare:index/dnsRecord:DnsRecord"
API_URL = "https://api.cloudflare.com/client/v4"
LIMIT_S = 30.0
_PAGE = 1000
_FIELDS = ("name", "type", "content", "ttl", "proxied", "priority", "comment")
_CRITICAL = {"name", "type", "content"}
_OF_THE_EDGE = "_acme-challenge."
"""Records that the edge makes for a moment to prove a name."""

Records = Sequence[Mapping[str, Any]]


class ZoneError(Exception):
    """A zone could not be read; the text says why and holds no token."""


def read_zone(zone: str, *, token: str, api_url: str | None) -> Records:
    """Return every record of a zone.

    Args:
        zone: its id.
        token: API token; reading is enough.
        api_url: another base URL of the API, None for Cloudflare's.

    Raises:
        ZoneError: the API did not answer, or refused.
    """
    found: list[Mapping[str, Any]] = []
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{(api_url or API_URL).rstrip('/')}/zones/{zone}/dns_records"
    with httpx.Client(headers=headers, timeout=LIMIT_S) as http:
        page = pages = 1
        while page <= pages:
            answer = _page(http, url, page)
            found += answer["result"] or []
            pages = int((answer.get("result_info") or {}).get("total_pages") or 1)
            page += 1
    return found


def _page(http: httpx.Client, url: str, page: int) -> dict[str, Any]:
    try:
        answer = http.get(url, params={"per_page": _PAGE, "page": page})
        envelope: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ZoneError(f"no usable answer: {type(error).__name__}: {error}") from None
    if not envelope.get("success"):
        errors = envelope.get("errors") or []
        reasons = "; ".join(f"{one.get('message')} ({one.get('code')})" for one in errors)
        raise ZoneError(f"HTTP {answer.status_code} {reasons}")
    return envelope


def records(declared: Sequence[Resource], found: Records) -> Iterator[Drift]:
    """Yield what differs in the declared records of one zone; pure."""
    by_id = {str(one["id"]): one for one in found}
    for one in declared:
        there = by_id.get(one.id.rpartition("/")[2])
        if there is None:
            yield gone(one)
            continue
        wanted = {name: _value(name, one.inputs.get(name)) for name in _FIELDS}
        seen = {name: _value(name, there.get(name)) for name in _FIELDS}
        for field in differences(wanted, seen):
            yield Drift(
                resource=one.name,
                field=field.path,
                declared=shown(field.path, field.declared),
                found=shown(field.path, field.found),
                urn=one.urn,
                since=str(there.get("modified_on", "")),
                severity=Severity.CRITICAL if field.path in _CRITICAL else Severity.WARNING,
                todo=PUT_BACK,
            )


def strangers(declared: Sequence[Resource], found: Records, allowed: Allowed) -> Iterator[Drift]:
    """Yield the records of one zone that nobody declared; pure."""
    known = {one.id.rpartition("/")[2] for one in declared}
    for one in found:
        name = f"{one['type']} {one['name']}"
        is_ours = str(one["id"]) in known or str(one["name"]).startswith(_OF_THE_EDGE)
        if not is_ours and not allowed("record", name):
            yield Drift(
                resource=f"record:{name}",
                field="",
                declared="nothing: nobody declared it",
                found=shown("content", one.get("content")),
                since=str(one.get("modified_on", "")),
                severity=Severity.WARNING,
                todo="remove it at Cloudflare; or declare it: estate:dns.records; "
                "or allow it: estate:drift.ignore record:TYPE NAME",
            )


def _value(name: str, value: object) -> object:
    """Return a value so that two ways of writing one thing are equal."""
    if value is None:
        return None
    if name == "content":
        try:
            return str(ip_address(str(value)))
        except ValueError:
            return str(value).rstrip(".")
    if name == "name":
        return str(value).lower()
    return int(value) if isinstance(value, float) and value.is_integer() else value
