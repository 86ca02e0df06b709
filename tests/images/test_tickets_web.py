"""The demonstration's web server: what it answers, and what it refuses to start with."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.images.build.__main__ import build_images
from local.images.build.catalog import FOLDER
from tests.images.tickets_demo import CRON, MIGRATE, VARIABLES, run_once, write_dotenv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Place, Running, Start

HEALTHCHECK = (
    "fetch('http://localhost:3000').then(r=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))"
)


@pytest.fixture(scope="module")
def web(shared: Place, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A migrated and seeded application whose variables come from /app/.env alone."""
    volume = shared.volume()
    for command in (MIGRATE, ("bun", "run", "auth:seed")):
        assert run_once(shared.start, images["tickets"], *command, volume=volume)[0] == 0
    dotenv = tmp_path_factory.mktemp("web") / "env"
    write_dotenv(dotenv, VARIABLES | {"RELEASE_SHA": "from the file"})
    running = shared.start(
        images["tickets"],
        environment={"RELEASE_SHA": "abc123"},
        volumes={volume: {"bind": "/app/data"}, str(dotenv): {"bind": "/app/.env"}},
        ports={"3000/tcp": ("127.0.0.1", None)},
    )
    running.wait_for(3000, "/api/health")
    return running


def test_it_says_its_release_and_passes_the_services_healthcheck(web: Running) -> None:
    health = httpx.get(web.url(3000) + "/api/health").json()
    assert health["status"] == "ok"
    assert health["release"] == "abc123", "the process's own variable wins over the file"
    assert health["database"] == {"status": "ok", "users": 2}
    assert "abc123" in httpx.get(web.url(3000)).text
    assert web.execute("node", "-e", HEALTHCHECK)[0] == 0


def test_cron_routes_want_the_secret_and_count(web: Running) -> None:
    url = web.url(3000) + "/api/cron/chat-cleanup"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"x-cron-secret": "wrong"}).status_code == 401
    runs = [httpx.get(url, headers={"x-cron-secret": CRON}).json()["runs"] for _ in range(2)]
    assert runs == [1, 2]


def test_users_sign_in_with_their_password_only(web: Running) -> None:
    url = web.url(3000) + "/api/auth/sign-in/email"
    good = {"email": "admin@sistema.dev", "password": "demo-admin"}
    answer = httpx.post(url, json=good)
    assert answer.status_code == 200
    assert answer.json()["user"]["role"] == "admin"
    assert httpx.post(url, json=good | {"password": "x"}).status_code == 401
    assert httpx.post(url, content=b"{").status_code == 400


def test_the_device_handshake_sets_two_cookies_and_allows_credentials(web: Running) -> None:
    answer = httpx.get(web.url(3000) + "/machines/handshake")
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_it_tells_which_client_it_sees(web: Running) -> None:
    headers = {"x-forwarded-for": "203.0.113.9, 10.0.0.1"}
    seen = httpx.get(web.url(3000) + "/api/whoami", headers=headers).json()
    assert seen["address"] == "203.0.113.9"


def test_registration_without_the_secret_or_without_convex_fails(web: Running) -> None:
    url = web.url(3000) + "/api/machines/register"
    body = {"provisioningSecret": "wrong", "hostname": "a"}
    assert httpx.post(url, json=body).status_code == 401
    body["provisioningSecret"] = VARIABLES["MACHINE_PROVISIONING_SECRET"]
    assert httpx.post(url, json=body).status_code == 502


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"BETTER_AUTH_SECRET": ""}, "BETTER_AUTH_SECRET is missing"),
        ({"REPORTS_CRON_SECRET": ""}, "REPORTS_CRON_SECRET (or CRON_SECRET) is missing"),
        ({"DATABASE_URL": "file:./prisma/db.sqlite"}, "DATABASE_URL has to be file:/app/data/"),
        ({"DATABASE_URL": "file:/app/data/../db"}, "DATABASE_URL has to be file:/app/data/"),
        ({"CONVEX_DEPLOYMENT": "dev:x"}, "CONVEX_DEPLOYMENT is set"),
        ({}, "the schema is older than this release"),
    ],
)
def test_it_does_not_start_with(
    start: Start, images: dict[str, str], volume: str, change: dict[str, str], expected: str
) -> None:
    code, log = run_once(start, images["tickets"], volume=volume, env=change)
    assert code == 1
    assert expected in log
    assert VARIABLES["MACHINE_PROVISIONING_SECRET"] not in log


def test_builds_made_to_fail_fail(start: Start, volume: str) -> None:
    crash = build_images(["tickets"], {"DEMO_FAULT": "crash", "DEMO_RELEASE": "r2"})["tickets"]
    code, log = run_once(start, crash, volume=volume)
    assert code == 1
    assert "release r2 was built to crash" in log
    ill = build_images(["tickets"], {"DEMO_FAULT": "unhealthy"})["tickets"]
    assert run_once(start, ill, *MIGRATE, volume=volume)[0] == 0
    running = start(ill, environment=VARIABLES, volumes={volume: {"bind": "/app/data"}})
    running.wait_for_log("port 3000")
    assert running.execute("node", "-e", HEALTHCHECK)[0] == 1


def test_the_source_tree_runs_bind_mounted_on_the_plain_image(
    start: Start, images: dict[str, str], volume: str, tmp_path: Path
) -> None:
    tree = tmp_path / "app"
    shutil.copytree(FOLDER / "tickets" / "app", tree)
    options: dict[str, Any] = {
        "environment": VARIABLES,
        "volumes": {str(tree): {"bind": "/app"}, volume: {"bind": "/app/data"}},
    }
    prepare = "bun install --frozen-lockfile && bun x prisma migrate deploy"
    made = start(images["node22-bun"], "bash", "-lc", prepare, network_mode="none", **options)
    assert made.wait() == 0, made.logs()
    running = start(
        images["node22-bun"],
        "bash",
        "-lc",
        "bun run start:bun",
        ports={"3000/tcp": ("127.0.0.1", None)},
        **options,
    )
    running.wait_for(3000, "/api/health")
    running.container.stop(timeout=10)
    assert running.wait() == 0
