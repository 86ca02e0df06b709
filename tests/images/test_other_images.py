"""Edge, tools, dashboard and the ACME server of the tests."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from local.images.build.__main__ import build_images

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Start


def test_traefik_is_the_version_that_its_module_pins(start: Start, images: dict[str, str]) -> None:
    running = start(images["traefik"], "version")
    assert running.wait() == 0
    assert "3.6.12" in running.logs()


def test_traefik_answers_its_ping(start: Start, images: dict[str, str]) -> None:
    running = start(
        images["traefik"],
        *("--ping=true", "--entrypoints.web.address=:80", "--ping.entrypoint=web"),
        ports={"80/tcp": ("127.0.0.1", None)},
    )
    running.wait_for(80, "/ping")
    assert running.execute("wget", "-q", "-O", "-", "http://127.0.0.1:80/ping")[0] == 0


def test_the_dashboard_names_the_deployment_and_its_nature(
    start: Start, images: dict[str, str]
) -> None:
    running = start(
        images["convex-dashboard"],
        environment={"NEXT_PUBLIC_DEPLOYMENT_URL": "http://convex.localhost"},
        ports={"6791/tcp": ("127.0.0.1", None)},
    )
    page = httpx.get(running.wait_for(6791, "/")).text
    assert "http://convex.localhost" in page
    assert "stands in" in page
    running.container.stop(timeout=5)
    assert running.wait() == 0


@pytest.mark.parametrize(
    "argv", [("sqlite3", "--version"), ("restic", "version"), ("python3", "-c", "import sqlite3")]
)
def test_tools_has(start: Start, images: dict[str, str], argv: tuple[str, ...]) -> None:
    running = start(images["tools"], *argv)
    assert running.wait() == 0, running.logs()


def test_cron_starts_healthy_and_stops_at_once(
    start: Start, images: dict[str, str], tmp_path: Path
) -> None:
    secret = tmp_path / "cron_secret"
    secret.write_text("c0de\n")
    jobs = [{"name": "a", "schedule": "0 0 1 1 *", "url": "http://web:3000/api/cron/a"}]
    running = start(
        images["tools"],
        environment={"CRON_JOBS": json.dumps(jobs)},
        volumes={str(secret): {"bind": "/run/secrets/cron_secret", "mode": "ro"}},
    )
    healthy = ("python3", "/opt/estate/cron.py", "--healthy")
    running.wait_for_log("cron: started: a")
    assert running.execute(*healthy)[0] == 0
    running.execute("rm", "/tmp/cron.json")  # noqa: S108 - in the container
    assert running.execute(*healthy)[0] == 1
    running.container.stop(timeout=10)
    assert running.wait() == 0


def test_cron_without_its_secret_says_so(start: Start, images: dict[str, str]) -> None:
    running = start(images["tools"], environment={"CRON_JOBS": "[]"})
    assert running.wait() == 1
    assert "cron_secret" in running.logs()


def test_pebble_serves_its_directory_under_its_own_authority(start: Start, tmp_path: Path) -> None:
    running = start(
        build_images(["pebble"], {})["pebble"], ports={"14000/tcp": ("127.0.0.1", None)}
    )
    running.wait_for_log("ACME directory available")
    authority = tmp_path / "ca.pem"
    authority.write_text(running.execute("cat", "/pebble/ca.pem")[1])
    url = running.url(14000).replace("http:", "https:") + "/dir"
    trusted = ssl.create_default_context(cafile=str(authority))
    assert "newOrder" in httpx.get(url, verify=trusted).json()
