"""Proxy hosts: reads those that are ours, and brings them to what is wanted.

A host belongs to an entry by its identifier, or by a domain: what somebody made by hand for the
same domain is taken over. NPM says 201 and 200 also when nginx refuses the configuration, and has
then taken the host off; so each change is looked at again, and undone where there was another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.scripts.npm_http import NpmError

if TYPE_CHECKING:
    from steps.scripts.npm_api import Api

PATH = "/nginx/proxy-hosts"
PLAIN = (
    *("domain_names", "forward_scheme", "forward_host", "forward_port", "ssl_forced"),
    *("hsts_enabled", "hsts_subdomains", "http2_support", "block_exploits", "caching_enabled"),
    *("allow_websocket_upgrade", "trust_forwarded_proto", "enabled", "advanced_config"),
)
"""Fields that have one name and one form here and there."""

LOCATION = (
    *("path", "forward_scheme", "forward_host", "forward_port"),
    *("forward_path", "advanced_config"),
)
TAKEN = "already in use"

Row = dict[str, Any]


class Hosts:
    """The proxy hosts of one NPM, and the names of what they use."""

    def __init__(self, api: Api) -> None:
        """Look once at everything: three calls, however many hosts there are."""
        self._api = api
        self._rows: list[Row] = api.get(PATH)
        certificates = api.get("/nginx/certificates")
        self._certificates = {int(one["id"]): str(one["nice_name"]) for one in certificates}
        lists = api.get("/nginx/access-lists")
        self._lists = {int(one["id"]): str(one["name"]) for one in lists}

    def find(self, domains: list[str], row_id: int | None) -> Row | None:
        """Return the row of an entry, or None.

        Raises:
            NpmError: its domains are spread over several.
        """
        known = [row for row in self._rows if row["id"] == row_id]
        if known:
            return known[0]
        found = [row for row in self._rows if set(row["domain_names"]) & set(domains)]
        if len(found) > 1:
            spread = ", ".join(f"{row['id']} ({' '.join(row['domain_names'])})" for row in found)
            raise NpmError(
                f"{' '.join(domains)}: several hosts have these domains: {spread}; "
                "take them from all but one"
            )
        return found[0] if found else None

    def others(self, ours: set[int]) -> list[str]:
        """Return the domains of each host that is none of ours, as one text."""
        known = (row for row in self._rows if row["id"] not in ours)
        return sorted(" ".join(sorted(row["domain_names"])) for row in known)

    def seen(self, row: Row) -> Row:
        """Return a row in the words of an entry."""
        entry: Row = {name: row.get(name) for name in PLAIN}
        entry["domain_names"] = sorted(row["domain_names"])
        entry["advanced_config"] = row.get("advanced_config") or ""
        entry["certificate"] = _named(self._certificates, row.get("certificate_id"))
        entry["access_list"] = _named(self._lists, row.get("access_list_id"))
        entry["locations"] = [
            {name: one.get(name) or "" for name in LOCATION} for one in row.get("locations") or []
        ]
        entry["online"] = not row["enabled"] or (row.get("meta") or {}).get("nginx_online", True)
        return entry

    def bring(self, entry: Row, row: Row | None) -> Row:
        """Bring one host to its entry; return the row as it is then.

        Raises:
            NpmError: NPM or nginx refused it.
        """
        if row is not None and self.seen(row) == entry:
            return row
        body = self._body(entry)
        if row is None:
            made = self._api.post(PATH, body)
            return self._looked_at(int(made["id"]), entry)
        self._api.put(f"{PATH}/{row['id']}", body)
        try:
            return self._looked_at(int(row["id"]), entry)
        except NpmError as error:
            if not self.seen(row)["online"]:
                raise
            raise NpmError(f"{error}; {self._put_back(row)}") from error

    def take_away(self, row: Row) -> None:
        """Delete a host that serves nobody.

        Raises:
            NpmError: it is still served.
        """
        if row["enabled"]:
            raise NpmError(
                f"{' '.join(row['domain_names'])}: still served, so it is not deleted; "
                "disable it first"
            )
        self._api.delete(f"{PATH}/{row['id']}")

    def _body(self, entry: Row) -> Row:
        body = {name: entry[name] for name in PLAIN}
        body["certificate_id"] = _id(self._certificates, entry["certificate"], "certificate")
        body["access_list_id"] = _id(self._lists, entry["access_list"], "access list")
        return {**body, "locations": entry["locations"]}

    def _looked_at(self, row_id: int, entry: Row) -> Row:
        row: Row = self._api.get(f"{PATH}/{row_id}")
        if not self.seen(row)["online"]:
            why = " ".join(str(row["meta"].get("nginx_err")).split())
            raise NpmError(f"{' '.join(entry['domain_names'])}: nginx refuses it: {why}")
        return row

    def _put_back(self, row: Row) -> str:
        before = self.seen(row)
        try:
            self._api.put(f"{PATH}/{row['id']}", self._body(before))
            self._looked_at(int(row["id"]), before)
        except NpmError as error:
            return f"it is OFF, what it was before could not be put back: {error}"
        return "it serves again as before"


def apply(api: Api, asked: Row) -> Row:
    """Bring every entry of `wanted`; `facts.ids` says whose a row was, `gone` which names left."""
    hosts = Hosts(api)
    errors: dict[str, str] = {}
    ids = dict(asked["facts"].get("ids", {}))
    for name in asked["gone"]:
        row = hosts.find([], ids.pop(name, None))
        if row is not None:
            errors |= _tried(name, lambda row=row: hosts.take_away(row))
    left, rows = dict(asked["wanted"]), {}
    while left:
        refused = {}
        for name, entry in sorted(left.items()):
            try:
                row = hosts.find(entry["domain_names"], ids.get(name))
                rows[name] = hosts.bring(entry, row)
            except NpmError as error:
                refused[name] = str(error)
        # A domain that goes from one host to another is free once the first has been changed.
        again = {name for name, why in refused.items() if TAKEN in why}
        if not again or len(refused) == len(left):
            errors |= refused
            break
        errors |= {name: why for name, why in refused.items() if name not in again}
        left = {name: left[name] for name in again}
    return {"errors": errors, **_said(hosts, rows)}


def read(api: Api, asked: Row) -> Row:
    """Return every entry that there is, of the names in `wanted`; `facts.others` are not ours."""
    hosts, rows = Hosts(api), {}
    for name, entry in asked["wanted"].items():
        row = hosts.find(entry["domain_names"], asked["facts"].get("ids", {}).get(name))
        if row is not None:
            rows[name] = row
    said = _said(hosts, rows)
    others = hosts.others({int(row["id"]) for row in rows.values()})
    if others:
        said["facts"]["others"] = others
    return {"errors": {}, **said}


def _said(hosts: Hosts, rows: dict[str, Row]) -> Row:
    return {
        "entries": {name: hosts.seen(row) for name, row in rows.items()},
        "facts": {"ids": {name: int(row["id"]) for name, row in rows.items()}},
    }


def _tried(name: str, work: Any) -> dict[str, str]:  # noqa: ANN401 - a call
    try:
        work()
    except NpmError as error:
        return {name: str(error)}
    return {}


def _named(names: dict[int, str], row_id: int | None) -> str | None:
    return names.get(row_id, f"number {row_id}") if row_id else None


def _id(names: dict[int, str], name: str | None, what: str) -> int:
    if name is None:
        return 0
    # The newest, where a renewal by hand has left two of one name.
    found = max((one for one, known in names.items() if known == name), default=0)
    if not found and name.startswith("number "):
        return int(name.removeprefix("number "))
    if not found:
        raise NpmError(f"there is no {what} called {name}")
    return found
