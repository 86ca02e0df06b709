"""Proxy hosts and access lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import schema
from .errors import ApiError

if TYPE_CHECKING:
    from .nginx import Proxy
    from .store import Store

Row = dict[str, Any]

DEFAULTS: Row = {
    "access_list_id": 0,
    "certificate_id": 0,
    "ssl_forced": False,
    "caching_enabled": False,
    "block_exploits": False,
    "advanced_config": "",
    "meta": {},
    "allow_websocket_upgrade": False,
    "http2_support": False,
    "enabled": True,
    "locations": [],
    "hsts_enabled": False,
    "hsts_subdomains": False,
    "trust_forwarded_proto": False,
}


class Hosts:
    """Proxy hosts; nginx is told of each change."""

    def __init__(self, store: Store, proxy: Proxy) -> None:
        """Take the store and what proxies."""
        self._store, self._proxy = store, proxy

    def create(self, body: object, owner: int) -> Row:
        """Create a host; the answer's `meta` is empty, whatever nginx said.

        Raises:
            ApiError: the body is wrong, or a domain is in use.
        """
        data = schema.demand(body, schema.NEW_HOST)
        if data.get("certificate_id") == "new":
            raise ApiError(400, "the stand-in makes no certificate on the way: create it first")
        self._free(data["domain_names"], 0)
        row = self._store.add("proxy_host", {"owner_user_id": owner, **_clean(DEFAULTS | data)})
        self._configure(row)
        return row

    def update(self, row_id: int, body: object) -> Row:
        """Change a host."""
        data = schema.demand(body, schema.CHANGED_HOST)
        self._free(data.get("domain_names", []), row_id)
        row = self._store.one("proxy_host", row_id)
        row = self._store.change("proxy_host", row_id, _clean(row | data))
        if row["enabled"]:
            return self._configure(row)
        self._proxy.forget(row_id)
        return row

    def switch(self, row_id: int, *, enabled: bool) -> bool:
        """Enable or disable a host."""
        row = self._store.change("proxy_host", row_id, {"enabled": enabled})
        if enabled:
            self._configure(row)
        else:
            self._proxy.forget(row_id)
        return True

    def remove(self, row_id: int) -> bool:
        """Delete a host."""
        self._store.remove("proxy_host", row_id)
        self._proxy.forget(row_id)
        return True

    def configure_all(self) -> None:
        """Tell nginx of every host, as at a start."""
        for row in self._store.all("proxy_host"):
            if row["enabled"]:
                self._configure(row)

    def using_list(self, list_id: int) -> list[Row]:
        """Return the hosts behind an access list."""
        return [one for one in self._store.all("proxy_host") if one["access_list_id"] == list_id]

    def reconfigure(self, rows: list[Row]) -> None:
        """Tell nginx of some hosts again."""
        for row in rows:
            self._configure(row)

    def _configure(self, row: Row) -> Row:
        certificate = access = None
        if row["certificate_id"]:
            certificate = self._store.one("certificate", row["certificate_id"])
        if row["access_list_id"]:
            access = self._store.one("access_list", row["access_list_id"])
        reason = self._proxy.configure(row, certificate, access)
        meta = {**row["meta"], "nginx_online": reason is None, "nginx_err": reason}
        return self._store.change("proxy_host", row["id"], {"meta": meta})

    def _free(self, domains: list[str], row_id: int) -> None:
        for row in self._store.all("proxy_host"):
            for domain in domains:
                if row["id"] != row_id and domain.lower() in map(str.lower, row["domain_names"]):
                    raise ApiError(400, f"{domain} is already in use")


class AccessLists:
    """Access lists; passwords are never shown."""

    def __init__(self, store: Store, hosts: Hosts) -> None:
        """Take the store, and the hosts that have to follow."""
        self._store, self._hosts = store, hosts

    def all(self) -> list[Row]:
        """Return every list."""
        return [self._shown(row) for row in self._store.all("access_list")]

    def one(self, row_id: int) -> Row:
        """Return a list."""
        return self._shown(self._store.one("access_list", row_id))

    def create(self, body: object, owner: int) -> Row:
        """Create a list."""
        data = schema.demand(body, schema.NEW_LIST)
        row = {"owner_user_id": owner, "meta": {}, "satisfy_any": False, "pass_auth": False, **data}
        return self._shown(self._store.add("access_list", {"items": [], "clients": [], **row}))

    def update(self, row_id: int, body: object) -> Row:
        """Change a list; an empty password keeps the present one."""
        data = schema.demand(body, schema.CHANGED_LIST)
        known = {
            o["username"]: o["password"] for o in self._store.one("access_list", row_id)["items"]
        }
        if "items" in data:
            data["items"] = [
                {**one, "password": one.get("password") or known.get(one["username"], "")}
                for one in data["items"]
            ]
        row = self._store.change("access_list", row_id, data)
        self._hosts.reconfigure(self._hosts.using_list(row_id))
        return self._shown(row)

    def remove(self, row_id: int) -> bool:
        """Delete a list; the hosts behind it are open to everybody then."""
        users = self._hosts.using_list(row_id)
        self._store.remove("access_list", row_id)
        for row in users:
            self._hosts.update(row["id"], {"access_list_id": 0})
        return True

    def _shown(self, row: Row) -> Row:
        items = [
            {**one, "password": "", "hint": f"{one['password'][:1]}****"} for one in row["items"]
        ]
        return {**row, "items": items, "proxy_host_count": len(self._hosts.using_list(row["id"]))}


def _clean(row: Row) -> Row:
    """Turn flags off that need another one, as NPM silently does; sort the domains."""
    row = {**row, "domain_names": sorted(row["domain_names"])}
    if not row["certificate_id"]:
        row |= {"ssl_forced": False, "http2_support": False}
    if not row["ssl_forced"]:
        row["hsts_enabled"] = False
    if not row["hsts_enabled"]:
        row["hsts_subdomains"] = False
    return row
