"""Access lists: reads those that are ours, and brings them to what is wanted.

NPM never shows a password, not even covered, so one changed there by hand is not seen; one that
changes in the stack file is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.scripts.npm_http import NpmError

if TYPE_CHECKING:
    from steps.scripts.npm_api import Api

PATH = "/nginx/access-lists"
WITH_ALL = f"{PATH}?expand=items,clients"

Row = dict[str, Any]


class Lists:
    """The access lists of one NPM."""

    def __init__(self, api: Api, facts: Row) -> None:
        """Look once at everything."""
        self._api = api
        self._ids: dict[str, int] = facts.get("ids", {})
        self._rows: list[Row] = api.get(WITH_ALL)

    def find(self, name: str) -> Row | None:
        """Return the row of an entry, by its identifier or its name."""
        known = [row for row in self._rows if row["id"] == self._ids.get(name)]
        named = [row for row in self._rows if row["name"] == name]
        return next(iter(known or named), None)

    def bring(self, name: str, entry: Row, *, changed: bool) -> None:
        """Bring one list to its entry.

        Args:
            name: of the list.
            entry: wanted.
            changed: whether its passwords may be others than those there.

        Raises:
            NpmError: NPM refused it.
        """
        row = self.find(name)
        users = sorted(entry["users"])
        same = row is not None and row["name"] == name and _seen(row) == {**entry, "users": users}
        if same and not changed:
            return
        body = {
            "name": name,
            "satisfy_any": entry["satisfy_any"],
            "pass_auth": entry["pass_auth"],
            "items": [{"username": one, "password": entry["users"][one]} for one in users],
            "clients": entry["clients"],
        }
        if row is None:
            self._api.post(PATH, body)
        else:
            self._api.put(f"{PATH}/{row['id']}", body)

    def take_away(self, name: str) -> None:
        """Delete a list that no host uses.

        Raises:
            NpmError: a host uses it.
        """
        row = self.find(name)
        if row is None:
            return
        if row["proxy_host_count"]:
            raise NpmError(
                f"{row['proxy_host_count']} hosts use this list, and deleting it would open them "
                "to everybody; take it from them first"
            )
        self._api.delete(f"{PATH}/{row['id']}")


def apply(api: Api, asked: Row) -> Row:
    """Bring every entry of `wanted`; a list that left goes when no host uses it."""
    errors: dict[str, str] = {}
    lists = Lists(api, asked["facts"])
    for name, entry in sorted(asked["wanted"].items()):
        try:
            lists.bring(name, entry, changed=name in asked["changed"])
        except NpmError as error:
            errors[name] = str(error)
    for name in asked["gone"]:
        try:
            lists.take_away(name)
        except NpmError as error:
            errors[name] = str(error)
    return {**read(api, asked), "errors": errors}


def read(api: Api, asked: Row) -> Row:
    """Return every entry that there is, of the names in `wanted`."""
    lists = Lists(api, asked["facts"])
    found = {name: lists.find(name) for name in asked["wanted"]}
    rows = {name: row for name, row in found.items() if row is not None}
    return {
        "errors": {},
        "entries": {name: _seen(row) for name, row in rows.items()},
        "facts": {"ids": {name: int(row["id"]) for name, row in rows.items()}},
    }


def _seen(row: Row) -> Row:
    return {
        "satisfy_any": bool(row["satisfy_any"]),
        "pass_auth": bool(row["pass_auth"]),
        "users": sorted(item["username"] for item in row["items"]),
        "clients": [
            {"address": one["address"], "directive": one["directive"]} for one in row["clients"]
        ],
    }
