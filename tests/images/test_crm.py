"""The CRM demonstration's backend: what it answers, how it stops, what it refuses to start with."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from local.images.build.__main__ import build_images
from tests.images.crm_demo import MIGRATE, PASSWORD, PORT, SEED, Server, serve_postgres
from tests.images.tickets_demo import write_dotenv

if TYPE_CHECKING:
    from tests.images.conftest import Place, Running

HEALTHCHECK = (
    f"fetch('http://localhost:{PORT}/api/health')"
    ".then(r=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))"
)
THROUGH_THE_EDGE = {"x-forwarded-host": "api.crm.localhost"}


def variant(fault: str) -> str:
    return build_images(["crm"], {"DEMO_FAULT": fault, "DEMO_RELEASE": "r2"})["crm"]


@pytest.fixture(scope="module")
def server(
    shared: Place, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """A database that the releases of this module migrated and seeded."""
    made = serve_postgres(shared, images["postgres"], tmp_path_factory.mktemp("postgres"))
    for command in (MIGRATE, SEED, SEED):
        code, log = made.run(images["crm"], *command)
        assert code == 0, log
    return made


@pytest.fixture(scope="module")
def backend(
    server: Server, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Running:
    """A backend whose secrets come from /app/.env alone, as the service gives them."""
    dotenv = tmp_path_factory.mktemp("crm") / "env"
    write_dotenv(dotenv, {"DATABASE_URL": server.url(), "RELEASE_SHA": "from the file"})
    running = server.place.start(
        images["crm"],
        environment={"PORT": str(PORT), "RELEASE_SHA": "abc123"},
        volumes={str(dotenv): {"bind": "/app/.env", "mode": "ro"}},
        network=server.network,
        ports={f"{PORT}/tcp": ("127.0.0.1", None)},
    )
    running.wait_for(PORT, "/api/health")
    return running


def test_it_says_its_release_and_passes_the_services_healthcheck(backend: Running) -> None:
    health = httpx.get(backend.url(PORT) + "/api/health").json()
    assert health == {"status": "ok", "release": "abc123", "build": "demo", "database": "ok"}
    assert "abc123" in httpx.get(backend.url(PORT)).text
    assert backend.execute("node", "-e", HEALTHCHECK)[0] == 0


def test_a_message_is_a_row_of_the_seeded_contact_and_a_line_of_the_log(
    server: Server, backend: Running
) -> None:
    url = backend.url(PORT) + "/api/messages"
    before = httpx.get(url + "/count").json()["count"]
    answer = httpx.post(url, json={"text": "Olá, 'mundo'"})
    assert answer.status_code == 201
    assert httpx.get(url + "/count").json() == {"count": before + 1}
    sql = (
        "SELECT messages.id, text, contacts.name FROM messages "
        "JOIN contacts ON contacts.id = contact_id ORDER BY messages.id DESC LIMIT 1"
    )
    assert server.ask(sql) == f"{answer.json()['id']}|Olá, 'mundo'|Primeiro contato"
    lines = backend.execute("cat", "/app/logs/messages.log")[1].splitlines()
    assert json.loads(lines[-1])["id"] == answer.json()["id"]
    for bad in (b"{", b"null", b'{"text": 3}'):
        assert httpx.post(url, content=bad).status_code == 400


def test_an_upload_comes_back_as_it_went(backend: Running) -> None:
    url = backend.url(PORT) + "/api/uploads"
    content = bytes(range(256)) * 100
    answer = httpx.post(url, content=content)
    assert answer.status_code == 201
    assert httpx.get(f"{url}/{answer.json()['name']}").content == content
    assert httpx.get(f"{url}/..%2f..%2fpackage.json").status_code == 404
    assert httpx.get(f"{url}/{'0' * 36}").status_code == 404


def test_a_database_that_hangs_shows_in_the_health_within_its_limit(
    server: Server, backend: Running
) -> None:
    server.running.container.pause()
    try:
        began = time.monotonic()
        answer = httpx.get(backend.url(PORT) + "/api/health", timeout=10)
        assert time.monotonic() - began < 3
        assert answer.status_code == 503
        assert answer.json()["database"] == "unreachable"
    finally:
        server.running.container.unpause()
    backend.wait_for(PORT, "/api/health")


def test_on_sigterm_it_answers_what_is_open_and_drains_before_it_closes(
    server: Server, images: dict[str, str]
) -> None:
    running = server.start(images["crm"], env={"DRAIN_MS": "1500"})
    host = running.wait_for(PORT, "/api/health").removeprefix("http://")
    slow = http.client.HTTPConnection(host, timeout=10)
    slow.putrequest("POST", "/api/uploads")
    slow.putheader("Content-Length", "10")
    slow.endheaders(b"first")
    running.container.kill("SIGTERM")
    running.wait_for_log("stopping")
    drained = httpx.get(f"http://{host}/api/messages/count")
    assert drained.status_code == 200
    assert drained.headers["connection"] == "close"
    slow.send(b"later")
    answer = slow.getresponse()
    assert (answer.status, answer.getheader("connection")) == (201, "close")
    slow.close()
    assert running.wait() == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"DATABASE_URL": "", "PORT": ""}, ("DATABASE_URL is missing", "PORT is missing")),
        ({"DATABASE_URL": "file:/app/x"}, ("DATABASE_URL has to start with postgresql://",)),
        ({"PORT": "http"}, ("PORT has to be a number",)),
    ],
)
def test_it_does_not_start_with(
    server: Server, images: dict[str, str], change: dict[str, str], expected: tuple[str, ...]
) -> None:
    code, log = server.run(images["crm"], env=change)
    assert code == 1
    assert all(text in log for text in expected)
    assert PASSWORD not in log


def test_it_does_not_start_on_an_older_schema(server: Server) -> None:
    code, log = server.run(variant("new-column"))
    assert code == 1
    assert "the schema is older than this release" in log
    assert "20260101000000_message_channel" in log


@pytest.mark.long
def test_builds_made_to_fail_fail(server: Server) -> None:
    later = server.start(variant("crash-later"))
    later.wait_for(PORT, "/api/health")
    code, log = server.run(variant("crash"))
    assert code == 1
    assert "release r2 was built to crash" in log
    unhealthy = server.start(variant("unhealthy"))
    unhealthy.wait_for_log(f"port {PORT}")
    assert unhealthy.execute("node", "-e", HEALTHCHECK)[0] == 1
    sick = server.start(variant("sick-outside"))
    url = sick.wait_for(PORT, "/api/health")
    assert sick.execute("node", "-e", HEALTHCHECK)[0] == 0
    assert httpx.get(url + "/api/health", headers=THROUGH_THE_EDGE).status_code == 500
    code, log = server.run(variant("bad-seed"), *SEED)
    assert code == 1
    assert "nothing was written" in log
    assert later.wait() == 1
    assert server.ask("SELECT count(*) FROM organizations") == "1"
