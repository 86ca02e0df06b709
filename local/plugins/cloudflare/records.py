"""cloudflare:index/dnsRecord:DnsRecord, version 6.17.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from local.plugins.base.fields import (
    FLAG,
    NUMBER,
    TEXT,
    TEXT_SET,
    Field,
    Kind,
    block,
)
from provider.wire.errors import GoneError, PluginError

if TYPE_CHECKING:
    from provider.wire.values import Bag

TIMEOUT_S = 30.0
NOT_FOUND = 404
GONE = 81044

DATA = block({
    "flags": NUMBER,
    "tag": TEXT,
    "value": TEXT,
    "priority": NUMBER,
    "weight": NUMBER,
    "port": NUMBER,
    "target": TEXT,
})
SETTINGS = block({"ipv4Only": FLAG, "ipv6Only": FLAG, "flattenCname": FLAG})

GIVEN = ("name", "type", "content", "ttl", "priority", "comment", "data")
SEEN = {
    "commentModifiedOn": "comment_modified_on",
    "createdOn": "created_on",
    "modifiedOn": "modified_on",
    "tagsModifiedOn": "tags_modified_on",
}


class DnsRecord:
    """DNS records of a zone."""

    named = False
    fields = {  # noqa: RUF012 - part of a protocol, never changed
        "zoneId": TEXT.required.forcing,
        "name": TEXT.required,
        "type": TEXT.required,
        "ttl": NUMBER.required,
        "content": TEXT.computed,
        "data": DATA,
        "priority": NUMBER,
        "comment": TEXT,
        "proxied": Field(kind=Kind.FLAG, default=False),
        "privateRouting": FLAG,
        "tags": TEXT_SET.computed,
        "settings": SETTINGS.computed,
        "meta": TEXT.output,
        "proxiable": FLAG.output,
        "modifiedOn": TEXT.output,
        "createdOn": TEXT.output,
        "commentModifiedOn": TEXT.output,
        "tagsModifiedOn": TEXT.output,
    }

    def __init__(self, base_url: str, token: str) -> None:
        """Take the base URL of the API and a token for it."""
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT_S)
        self._base = base_url.rstrip("/")

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a record."""
        record = self._ask("POST", inputs["zoneId"], "", _body(inputs))
        return record["id"], _state(record, inputs)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Fetch a record; an import names it `<zone>/<record>`.

        Raises:
            GoneError: it does not exist.
        """
        zone, _, record_id = resource_id.rpartition("/")
        zone = zone or state["zoneId"]
        record = self._ask("GET", zone, record_id, None)
        return record["id"], _state(record, {**state, "zoneId": zone})

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Replace the record behind the identifier."""
        record = self._ask("PUT", wanted["zoneId"], resource_id, _body(wanted))
        return _state(record, wanted)

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a record; one that is gone already is fine."""
        try:
            self._ask("DELETE", state["zoneId"], resource_id, None)
        except GoneError:
            return

    def _ask(self, method: str, zone: str, record: str, body: Bag | None) -> dict[str, Any]:
        path = f"/zones/{zone}/dns_records" + (f"/{record}" if record else "")
        try:
            answer = self._http.request(method, self._base + path, json=body)
            envelope = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise PluginError(f"{method} {self._base}{path}: no usable answer: {error}") from error
        if envelope.get("success"):
            return dict(envelope["result"] or {})
        errors = envelope.get("errors") or []
        reasons = "; ".join(f"{one.get('message')} ({one.get('code')})" for one in errors)
        text = f"{method} {self._base}{path}: {answer.status_code} {reasons}"
        gone = answer.status_code == NOT_FOUND and any(e.get("code") == GONE for e in errors)
        raise (GoneError if gone else PluginError)(text)


def _body(inputs: Bag) -> Bag:
    body = {name: inputs[name] for name in (*GIVEN, "proxied", "tags") if name in inputs}
    if "privateRouting" in inputs:
        body["private_routing"] = inputs["privateRouting"]
    if inputs.get("settings"):
        names = {"ipv4Only": "ipv4_only", "ipv6Only": "ipv6_only", "flattenCname": "flatten_cname"}
        body["settings"] = {names[name]: value for name, value in inputs["settings"].items()}
    return body


def _state(record: dict[str, Any], given: Bag) -> Bag:
    state: Bag = {name: record.get(name) for name in (*GIVEN, "proxied", "proxiable", "tags")}
    state |= {name: record.get(api) for name, api in SEEN.items()}
    state["zoneId"] = given["zoneId"]
    state["meta"] = "{}"
    settings = record.get("settings") or {}
    state["settings"] = {
        name: settings[api]
        for name, api in (("ipv4Only", "ipv4_only"), ("ipv6Only", "ipv6_only"))
        if api in settings
    }
    return {name: value for name, value in state.items() if value is not None}
