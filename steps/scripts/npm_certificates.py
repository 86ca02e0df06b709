"""Certificates: reads those that are ours, and asks for or uploads those that are missing.

NPM cannot change a certificate's domains: other domains are another certificate. The one before is
deleted as soon as no host uses it, which is at the next change.
"""

from __future__ import annotations

from typing import Any

from steps.scripts.npm_api import CERTIFICATE_LIMIT_S, Api
from steps.scripts.npm_http import NpmError

PATH = "/nginx/certificates"
HOSTS = ("/nginx/proxy-hosts", "/nginx/redirection-hosts", "/nginx/dead-hosts", "/nginx/streams")
FILES = ("certificate", "certificate_key", "intermediate_certificate")

Row = dict[str, Any]


class Certificates:
    """The certificates of one NPM."""

    def __init__(self, api: Api) -> None:
        """Look once at everything."""
        self._api = api
        self.rows: list[Row] = api.get(PATH)

    def find(self, entry: Row) -> Row | None:
        """Return the newest row of that name and kind, or None."""
        found = [
            row
            for row in self.rows
            if row["nice_name"] == entry["nice_name"] and row["provider"] == entry["provider"]
        ]
        return max(found, key=lambda row: int(row["id"]), default=None)

    def bring(self, entry: Row, *, changed: bool) -> Row:
        """Return the row of an entry, made or uploaded where needed.

        Args:
            entry: wanted.
            changed: whether its files may be others than those there.

        Raises:
            NpmError: NPM or the authority refused.
        """
        row = self.find(entry)
        if entry["provider"] == "letsencrypt":
            return row or self._ask_for(entry)
        fresh = row is None
        if row is None:
            body = {"provider": "other", "nice_name": entry["nice_name"], "meta": {}}
            row = self._api.post(PATH, body)
        if fresh or changed:
            files = {name: entry[name] for name in FILES if entry.get(name)}
            self._api.upload(f"{PATH}/{row['id']}/upload", files)
        return row

    def unused(self, ids: list[int]) -> list[int]:
        """Return which of some certificates nothing uses."""
        used = {
            int(one.get("certificate_id") or 0) for path in HOSTS for one in self._api.get(path)
        }
        there = {int(row["id"]) for row in self.rows}
        return [one for one in ids if one in there and one not in used]

    def _ask_for(self, entry: Row) -> Row:
        meta: Row = {"dns_challenge": False, "key_type": entry["key_type"]}
        if entry["dns_provider"]:
            meta |= {
                "dns_challenge": True,
                "dns_provider": entry["dns_provider"],
                "dns_provider_credentials": entry["dns_provider_credentials"],
            }
            if entry["propagation_seconds"] is not None:
                meta["propagation_seconds"] = entry["propagation_seconds"]
        body = {"provider": "letsencrypt", "domain_names": entry["domain_names"], "meta": meta}
        made: Row = self._api.post(PATH, body, CERTIFICATE_LIMIT_S)
        return made


def apply(api: Api, asked: Row) -> Row:
    """Bring every entry of `wanted`; certificates of ours that nothing needs any more go."""
    certificates, errors, rows = Certificates(api), {}, {}
    for name, entry in sorted(asked["wanted"].items()):
        try:
            rows[name] = certificates.bring(entry, changed=name in asked["changed"])
        except NpmError as error:
            errors[name] = str(error)
    kept = {int(row["id"]) for row in rows.values()}
    old = {*asked["facts"].get("ids", {}).values(), *asked["facts"].get("stale", [])} - kept
    doomed = [] if errors else certificates.unused(sorted(old))
    for row_id in doomed:
        api.delete(f"{PATH}/{row_id}")
    stale = sorted(old - set(doomed))
    return {"errors": errors, **_said(rows, stale)}


def read(api: Api, asked: Row) -> Row:
    """Return every entry that there is, of the names in `wanted`."""
    certificates = Certificates(api)
    found = {name: certificates.find(entry) for name, entry in asked["wanted"].items()}
    rows = {name: row for name, row in found.items() if row is not None}
    return {"errors": {}, **_said(rows, asked["facts"].get("stale", []))}


def _said(rows: dict[str, Row], stale: list[int]) -> Row:
    return {
        "entries": {name: row["nice_name"] for name, row in rows.items()},
        "facts": {
            "ids": {name: int(row["id"]) for name, row in rows.items()},
            "stale": stale,
        },
    }
