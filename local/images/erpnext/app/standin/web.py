"""The application server on port 8000: a small part of Frappe's API, over the real rows."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from . import config, database, faults, services, site

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 8000
_HOST = re.compile(r"[a-z0-9][a-z0-9.-]*")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class Answer(NamedTuple):
    """Status and JSON body."""

    status: int
    body: dict[str, Any]


def answer(method: str, target: str, host: str, body: bytes) -> Answer:
    """Return what a request gets.

    Args:
        method: GET or POST.
        target: path and query.
        host: name of the site.
        body: of the request.
    """
    if faults.fault() == "unhealthy":
        return Answer(500, {"exc_type": "built to be unhealthy"})
    if not _HOST.fullmatch(host) or not config.site_file(host).exists():
        return Answer(404, {"exc_type": "DoesNotExistError", "message": f"{host} does not exist"})
    if config.conf(host).get("maintenance_mode"):
        return Answer(503, {"exc_type": "SessionStopped"})
    parts = urlsplit(target)
    if (method, parts.path) == ("GET", "/api/method/ping"):
        return Answer(200, {"message": "pong", "release": faults.release()})
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    try:
        return _ask(method, parts.path, host, query, body)
    except (config.BenchError, ValueError, KeyError) as error:
        return Answer(500, {"exc_type": type(error).__name__, "message": str(error)[:200]})


def _ask(method: str, path: str, host: str, query: dict[str, str], body: bytes) -> Answer:
    route = _ROUTES.get((method, path))
    if route is None:
        return Answer(404, {"exc_type": "DoesNotExistError"})
    connection = database.of_site(host)
    try:
        return route(Request(connection=connection, site=host, query=query, body=body))
    finally:
        connection.close()


class Request(NamedTuple):
    """What a route is given."""

    connection: database.Connection
    site: str
    query: dict[str, str]
    body: bytes


def _count(asked: Request) -> Answer:
    return Answer(200, {"message": asked.connection.run("SELECT COUNT(*) FROM `tabToDo`")[0][0]})


def _list(asked: Request) -> Answer:
    rows = asked.connection.run("SELECT `description` FROM `tabToDo` ORDER BY `creation`")
    return Answer(200, {"data": [row[0] for row in rows]})


def _add(asked: Request) -> Answer:
    text = json.loads(asked.body)["description"]
    name = services.add_todo(asked.connection, text, owner="Guest")
    return Answer(200, {"data": {"name": name}})


def _enqueue(asked: Request) -> Answer:
    services.enqueue(asked.site, "short", json.loads(asked.body)["text"])
    return Answer(200, {"message": "queued"})


def _log_in(asked: Request) -> Answer:
    given = json.loads(asked.body)
    rows = asked.connection.run(
        "SELECT `password` FROM `__Auth` WHERE `doctype` = 'User' AND `name` = %s", given["usr"]
    )
    kept = rows[0][0] if rows else "$$$"
    if site.hashed(given["pwd"], kept.split("$")[2]) != kept:
        return Answer(401, {"exc_type": "AuthenticationError"})
    return Answer(200, {"message": "Logged In"})


def _upload(asked: Request) -> Answer:
    name = asked.query["name"]
    if not _FILE.fullmatch(name):
        return Answer(417, {"exc_type": "ValidationError"})
    (Path(asked.site) / "private/files" / name).write_bytes(asked.body)
    return Answer(200, {"message": {"file_url": f"/private/files/{name}"}})


_ROUTES: dict[tuple[str, str], Callable[[Request], Answer]] = {
    ("GET", "/api/method/frappe.client.get_count"): _count,
    ("GET", "/api/resource/ToDo"): _list,
    ("POST", "/api/resource/ToDo"): _add,
    ("POST", "/api/method/login"): _log_in,
    ("POST", "/api/method/upload_file"): _upload,
    ("POST", "/api/method/demo.enqueue"): _enqueue,
}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def _respond(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        named = self.headers.get("X-Frappe-Site-Name") or self.headers.get("Host") or ""
        status, body = answer(
            self.command, self.path, named.partition(":")[0].lower(), self.rfile.read(size)
        )
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _respond

    def log_message(self, *_words: object) -> None:
        """Keep quiet: health checks would fill the log."""


def main() -> int:
    """Serve until told to stop."""
    if faults.fault() == "crash":
        print(f"release {faults.release()} was built to crash", file=sys.stderr)  # noqa: T201
        return 1
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)  # noqa: S104 - a container's
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"release {faults.release()} serves on port {PORT}", flush=True)  # noqa: T201 - a log
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
