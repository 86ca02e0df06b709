"""The admin API over HTTP."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from .certificates import Certificates
from .errors import ApiError
from .hosts import AccessLists, Hosts
from .store import Store
from .users import DAY_S, Users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .nginx import Proxy

VERSION = {"major": 2, "minor": 15, "revision": 1}
EMPTY = frozenset({"/nginx/redirection-hosts", "/nginx/dead-hosts", "/nginx/streams"})
ID = re.compile(r"/(\d+)(?=/|$)")

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request, its numbers taken out of the path."""

    method: str
    path: str
    body: Any
    token: str | None
    row_id: int = 0


class Npm:
    """Everything behind the API."""

    def __init__(
        self, data: Path, letsencrypt: Path, proxy: Proxy, *, token_s: float = DAY_S
    ) -> None:
        """Open what is there, or begin with nothing."""
        self.store = Store(data / "database.sqlite")
        self.users = Users(self.store, token_s)
        self.hosts = Hosts(self.store, proxy)
        self.lists = AccessLists(self.store, self.hosts)
        self.certificates = Certificates(self.store, letsencrypt / "live", data / "custom_ssl")
        self.requests: list[str] = []
        self._lock = threading.RLock()
        self._routes = self._table()

    def answer(self, method: str, target: str, body: Any, token: str | None) -> Answer:  # noqa: ANN401 - JSON
        """Return status and body of an answer; changes come one after the other."""
        path = urlsplit(target).path.removeprefix("/api").rstrip("/") or "/"
        found = ID.search(path)
        row_id = int(found.group(1)) if found else 0
        asked = Asked(method, ID.sub("/{id}", path), body, token, row_id)
        try:
            with self._lock:
                code, said = self._dispatch(asked)
        except ApiError as error:
            code, said = error.status, error.body
        self.requests.append(f"{method} /api{'' if path == '/' else path} {code}")
        return code, said

    def _dispatch(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) == ("GET", "/"):
            return 200, {"status": "OK", "setup": self.users.is_setup, "version": VERSION}
        if (asked.method, asked.path) == ("POST", "/tokens"):
            return 200, self.users.log_in(asked.body)
        if (asked.method, asked.path) == ("POST", "/users"):
            return 201, self.users.create(asked.body, asked.token)
        owner = self.users.demand(asked.token)
        if asked.method == "GET" and asked.path in EMPTY:
            return 200, []
        route = self._routes.get((asked.method, asked.path))
        if route is None:
            raise ApiError(404, "Not Found")
        code = 201 if asked.method == "POST" and "{id}" not in asked.path else 200
        return code, route(asked, owner)

    def _table(self) -> dict[tuple[str, str], Callable[[Asked, int], Any]]:
        hosts, lists, certificates, store = self.hosts, self.lists, self.certificates, self.store
        one_host, one_list = "/nginx/proxy-hosts/{id}", "/nginx/access-lists/{id}"
        one_certificate = "/nginx/certificates/{id}"
        return {
            ("GET", "/users"): lambda _, __: store.all("user"),
            ("PUT", "/users/me/auth"): lambda a, me: self.users.change_secret(me, a.body),
            ("GET", "/nginx/proxy-hosts"): lambda _, __: store.all("proxy_host"),
            ("POST", "/nginx/proxy-hosts"): lambda a, owner: hosts.create(a.body, owner),
            ("GET", one_host): lambda a, _: store.one("proxy_host", a.row_id),
            ("PUT", one_host): lambda a, _: hosts.update(a.row_id, a.body),
            ("DELETE", one_host): lambda a, _: hosts.remove(a.row_id),
            ("POST", f"{one_host}/enable"): lambda a, _: hosts.switch(a.row_id, enabled=True),
            ("POST", f"{one_host}/disable"): lambda a, _: hosts.switch(a.row_id, enabled=False),
            ("GET", "/nginx/access-lists"): lambda _, __: lists.all(),
            ("POST", "/nginx/access-lists"): lambda a, owner: lists.create(a.body, owner),
            ("GET", one_list): lambda a, _: lists.one(a.row_id),
            ("PUT", one_list): lambda a, _: lists.update(a.row_id, a.body),
            ("DELETE", one_list): lambda a, _: lists.remove(a.row_id),
            ("GET", "/nginx/certificates"): lambda _, __: store.all("certificate"),
            ("POST", "/nginx/certificates"): lambda a, owner: certificates.create(a.body, owner),
            ("GET", one_certificate): lambda a, _: store.one("certificate", a.row_id),
            ("DELETE", one_certificate): lambda a, _: certificates.remove(a.row_id),
            ("POST", f"{one_certificate}/upload"): (
                lambda a, _: certificates.upload(a.row_id, a.body)
            ),
        }


def serve(npm: Npm, address: tuple[str, int]) -> ThreadingHTTPServer:
    """Return a server that has its port; `serve_forever` answers."""
    server = ThreadingHTTPServer(address, _Handler)
    server.npm = npm  # type: ignore[attr-defined]  # read by the handler
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        npm = cast("Npm", self.server.npm)  # type: ignore[attr-defined]  # set by `serve`
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type") or ""
        try:
            body = _files(text, kind) if kind.startswith("multipart/") else json.loads(text or "{}")
        except ValueError:
            body = None
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        code, said = npm.answer(
            self.command, self.path, body, token if scheme == "Bearer" else None
        )
        payload = json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say method, path and status; health checks are too many."""
        del format
        if args[0] != "GET /api/ HTTP/1.1":
            print("request", *args[:2], flush=True)  # noqa: T201 - the container's log


def _files(text: bytes, kind: str) -> dict[str, str]:
    """Return name → content of the files of a form."""
    boundary = kind.partition("boundary=")[2].strip('"').encode()
    files = {}
    for part in text.split(b"--" + boundary):
        head, _, content = part.partition(b"\r\n\r\n")
        found = re.search(rb'name="([^"]+)"', head)
        if found:
            files[found.group(1).decode()] = content.removesuffix(b"\r\n").decode()
    return files
