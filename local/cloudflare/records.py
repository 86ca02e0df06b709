"""DNS records in memory, checked as the Cloudflare API checks them."""

from __future__ import annotations

import ipaddress
import re
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

Record = dict[str, Any]

TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT", "CAA")
PROXIABLE = ("A", "AAAA", "CNAME")
AUTOMATIC_TTL = 1
TTL_S = range(60, 86_401)
HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_-]+", re.IGNORECASE)

OWN = ("name", "type", "content", "ttl", "proxied", "comment", "tags", "priority", "settings")


class RefusedError(Exception):
    """A request that the API answers with an error: HTTP status, Cloudflare code, text."""

    def __init__(self, status: HTTPStatus, code: int, message: str) -> None:
        """Take what the answer says."""
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Zones:
    """The zones of an account: name by identifier, and their records by identifier."""

    names: dict[str, str]
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, zone: str, record: str | None = None) -> dict[str, Record] | Record:
        """Return the records of a zone, or one of them.

        Raises:
            RefusedError: there is no such zone or record.
        """
        if zone not in self.names:
            raise RefusedError(HTTPStatus.NOT_FOUND, 7003, "Could not route to the zone")
        held = self.records.setdefault(zone, {})
        if record is None:
            return held
        if record not in held:
            raise RefusedError(HTTPStatus.NOT_FOUND, 81044, "Record does not exist.")
        return held[record]

    def create(self, zone: str, body: Record) -> Record:
        """Add a record.

        Raises:
            RefusedError: it is not valid, or exists.
        """
        with self.lock:
            held = self.find(zone)
            record = self._complete(zone, body)
            self._refuse_twin(held, record)
            record["id"] = uuid.uuid4().hex
            record["created_on"] = record["modified_on"] = _now()
            held[record["id"]] = record
            return record

    def change(self, zone: str, record_id: str, body: Record) -> Record:
        """Put a whole record (`body` is complete) in place of another.

        Raises:
            RefusedError: there is none, or the new one is not valid or exists elsewhere.
        """
        with self.lock:
            old = self.find(zone, record_id)
            record = self._complete(zone, body)
            others = {key: one for key, one in self.find(zone).items() if key != record_id}
            self._refuse_twin(others, record)
            record |= {"id": record_id, "created_on": old["created_on"], "modified_on": _now()}
            self.find(zone)[record_id] = record
            return record

    def remove(self, zone: str, record_id: str) -> Record:
        """Delete a record.

        Raises:
            RefusedError: there is none.
        """
        with self.lock:
            self.find(zone, record_id)
            del self.find(zone)[record_id]
            return {"id": record_id}

    def _complete(self, zone: str, body: Record) -> Record:
        unknown = sorted(set(body) - set(OWN) - {"data", "private_routing"})
        if unknown:
            raise _bad(9207, f"Request body is invalid: unknown key {unknown[0]}")
        kind, ttl, proxied = body.get("type"), body.get("ttl", 1), body.get("proxied", False)
        if kind not in TYPES:
            raise _bad(1004, "DNS Validation Error: type is invalid")
        if ttl != AUTOMATIC_TTL and (not isinstance(ttl, int | float) or ttl not in TTL_S):
            raise _bad(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.")
        if proxied and kind not in PROXIABLE:
            raise _bad(9004, "This record type cannot be proxied.")
        content = str(body.get("content", ""))
        if not _fits(kind, content):
            raise _bad(1004, f"DNS Validation Error: content for {kind} record is invalid.")
        record = {key: body[key] for key in OWN if key in body}
        return record | {
            "name": self._full_name(zone, str(body.get("name", ""))),
            "type": kind,
            "content": content,
            # Cloudflare gives every proxied record the automatic lifetime.
            "ttl": AUTOMATIC_TTL if proxied else ttl,
            "proxied": bool(proxied),
            "proxiable": kind in PROXIABLE,
            "comment": body.get("comment"),
            "tags": body.get("tags") or [],
            "settings": body.get("settings") or {},
            "meta": {},
        }

    def _full_name(self, zone: str, name: str) -> str:
        domain = self.names[zone]
        if name in {"@", domain}:
            return domain
        if not HOST.fullmatch(name):
            raise _bad(9000, "DNS name is invalid.")
        return name.lower() if name.lower().endswith(f".{domain}") else f"{name.lower()}.{domain}"

    def _refuse_twin(self, held: dict[str, Record], record: Record) -> None:
        for other in held.values():
            if all(other[key] == record[key] for key in ("name", "type", "content")):
                raise _bad(81058, "An identical record already exists.")
            if other["name"] == record["name"] and "CNAME" in {other["type"], record["type"]}:
                raise _bad(81053, "An A, AAAA, or CNAME record with that host already exists.")


def _bad(code: int, message: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, code, message)


def _fits(kind: str, content: str) -> bool:
    if kind in {"A", "AAAA"}:
        try:
            address = ipaddress.ip_address(content)
        except ValueError:
            return False
        return address.version == (4 if kind == "A" else 6)
    if kind in {"CNAME", "NS", "MX"}:
        return bool(HOST.fullmatch(content))
    return bool(content)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
