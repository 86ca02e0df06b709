"""The part of Cloudflare's API v4 that DNS records need, for a machine without Cloudflare.

It checks method, path, token and body, and answers with the same envelope and error codes. Run
it with `python -m local.cloudflare.api --port 8053 --zone <32 hex>=example.com` and the token in
CLOUDFLARE_API_TOKEN, or inside a test with `running`.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from local.answering import Answering, serving
from local.cloudflare.records import RefusedError, Zones

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "/client/v4"
PAGE = 100
COMPUTED = {"id", "created_on", "modified_on", "proxiable", "meta"}


@dataclass
class Cloudflare:
    """A running stand-in: its base URL, what it holds, and the requests it got."""

    zones: Zones
    token: str
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, target: str, token: str, body: bytes) -> Any:  # noqa: ANN401 - JSON
        """Return the result of a request.

        Raises:
            RefusedError: the API would refuse it.
        """
        self.requests.append((method, target))
        if not token:
            raise RefusedError(HTTPStatus.BAD_REQUEST, 9106, "Missing Authorization header")
        if not hmac.compare_digest(token, self.token):
            raise RefusedError(HTTPStatus.FORBIDDEN, 9109, "Invalid access token")
        address = urlsplit(target)
        if not address.path.startswith(f"{PREFIX}/"):
            raise RefusedError(HTTPStatus.NOT_FOUND, 7000, "No route for that URI")
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        parts = address.path.removeprefix(PREFIX).strip("/").split("/")
        if parts == ["user", "tokens", "verify"]:
            return {"status": "active"}
        if parts == ["zones"]:
            zones = self.zones.names.items()
            return [{"id": i, "name": n} for i, n in zones if query.get("name", n) == n]
        match parts:
            case ["zones", zone, "dns_records"]:
                return self._many(method, zone, query, body)
            case ["zones", zone, "dns_records", record]:
                return self._one(method, zone, record, body)
        raise RefusedError(HTTPStatus.NOT_FOUND, 7000, "No route for that URI")

    def _many(self, method: str, zone: str, query: dict[str, str], body: bytes) -> object:
        if method == "POST":
            return self.zones.create(zone, _parse(body))
        if method == "GET":
            return _filter(list(self.zones.find(zone).values()), query)
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, 7001, f"Method {method} not available")

    def _one(self, method: str, zone: str, record: str, body: bytes) -> object:
        old = self.zones.find(zone, record)
        match method:
            case "GET":
                return old
            case "PUT":
                return self.zones.change(zone, record, _parse(body))
            case "PATCH":
                kept = {name: value for name, value in old.items() if name not in COMPUTED}
                return self.zones.change(zone, record, kept | _parse(body))
            case "DELETE":
                return self.zones.remove(zone, record)
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, 7001, f"Method {method} not available")


@contextmanager
def running(zones: dict[str, str], token: str, port: int = 0) -> Iterator[Cloudflare]:
    """Serve on 127.0.0.1 until the block ends.

    Args:
        zones: domain by zone identifier.
        token: the only API token that is accepted.
        port: 0 takes a free one; `url` of the result says which.
    """
    cloudflare = Cloudflare(Zones(dict(zones)), token)
    with serving(_handler(cloudflare), port) as taken:
        cloudflare.url = f"http://127.0.0.1:{taken}{PREFIX}"
        yield cloudflare


def _handler(cloudflare: Cloudflare) -> type[Answering]:
    class Handler(Answering):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.sent()
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, errors, result = HTTPStatus.OK, [], None
            try:
                result = cloudflare.answer(self.command, self.path, token, body)
            except RefusedError as error:
                status, errors = error.status, [{"code": error.code, "message": str(error)}]
            envelope = {"success": not errors, "errors": errors, "messages": [], "result": result}
            if isinstance(result, list):
                envelope["result_info"] = {"page": 1, "total_pages": 1, "count": len(result)}
            self.reply(status, envelope)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    return Handler


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, 9207, "Request body is invalid.")
    return parsed


def _filter(records: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    wanted = {key: query[key] for key in ("name", "type", "content") if key in query}
    fits = [one for one in records if all(one[key] == wanted[key] for key in wanted)]
    return fits[: int(query.get("per_page", PAGE))]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="a stand-in for Cloudflare's DNS records API")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--zone", action="append", default=[], metavar="ID=DOMAIN")
    arguments = parser.parse_args()
    zones = dict(zone.split("=", 1) for zone in arguments.zone)
    with running(zones, os.environ["CLOUDFLARE_API_TOKEN"], arguments.port) as cloudflare:
        print(cloudflare.url, flush=True)  # noqa: T201 - what the caller waits for
        threading.Event().wait()


if __name__ == "__main__":
    main()
