"""An ERP of a test, and what a customer or somebody with a browser does with it."""

import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from docker.models.containers import Container

from tests.engine.stack import Stack, images, stack, wait_until
from tests.faults.canaries import Witness
from tests.inside import tell

NAME = "erpt"
PORT = 8190
PING = "/api/method/ping"
TODO = "/api/resource/ToDo"
SITES = "/home/frappe/frappe-bench/sites"
_PATIENCE_S = 60


def _memory(limit: str) -> dict[str, str]:
    return {"memory_limit": limit, "memory_reservation": "16M"}


def config() -> dict[str, Any]:
    """Return a stack file with the ERP alone on this machine."""
    built = images()
    small = _memory("192M")
    return {
        "hosts": {"here": {"url": "unix:///var/run/docker.sock", "address": "127.0.0.1"}},
        "tools": {"image": built["tools"]},
        "npm": {
            "host": "here",
            "name": f"{NAME}_npm",
            "network": f"{NAME}_proxy",
            "image": built["npm"],
            "http_port": PORT,
            "https_port": PORT + 1,
            "admin_email": "admin@npm.localhost",
            "acme": None,
            **_memory("256M"),
        },
        "erp": {
            "host": "here",
            "name": NAME,
            "image": built["erpnext"],
            "domain": f"{NAME}.localhost",
            "mariadb": {"image": built["mariadb"], **_memory("384M")},
            "redis": {"image": built["redis"], **_memory("64M")},
            **dict.fromkeys(("backend", "frontend", "websocket", "scheduler", "worker"), small),
            "tenants": {"acme": {}, "globex": {}},
            "waves": {"canary": "acme"},
            "verify": {"release": "release", "attempts": 30, "interval": "2s"},
        },
    }


def admin(tenant: str) -> str:
    """Return the key of the password of a customer's administrator."""
    return f"erpSecrets.tenants.{tenant}.ADMIN_PASSWORD"


NPM_PASSWORD = "npmSecrets.ADMIN_PASSWORD"
ROOT_PASSWORD = "erpSecrets.MARIADB_ROOT_PASSWORD"


def site(tenant: str) -> str:
    """Return a customer's name on the web."""
    return f"{tenant}.{NAME}.localhost"


@dataclass
class Erp:
    """A running ERP.

    Attributes:
        stack: as a person drives it.
        secrets: key → what was made for it.
        witness: what was seen of processes and containers, from the first up on.
        said: what the engine said when a release failed.
        kept: what each site had stored before that release.
    """

    stack: Stack
    secrets: dict[str, str] = field(default_factory=dict)
    witness: Witness = field(default_factory=lambda: Witness(NAME))
    said: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)

    def make_secret(self, key: str) -> None:
        """Make a secret of the stack, as `make tenant-new` does."""
        self.secrets[key] = secrets.token_hex(16)
        given = ("config", "set", "--path", f"estate:{key}", "--secret")
        self.stack.engine.ask(*given, stdin=self.secrets[key])
        part = key.partition(".")[0]
        written = yaml.safe_load(self.stack.file.read_text(encoding="utf-8"))["config"]
        self.stack.config[part] = written[f"estate:{part}"]

    def ask(self, tenant: str, path: str = PING, body: object = None) -> httpx.Response:
        """Ask a customer's site through the proxy, as a browser would; a body is sent."""
        return httpx.request(
            "GET" if body is None else "POST",
            f"http://127.0.0.1:{PORT}{path}",
            headers={"host": site(tenant)},
            content=None if body is None else json.dumps(body),
            timeout=20,
        )

    def answers(self, tenant: str, status: int = 200) -> None:
        """Wait until a customer's site answers as it should."""
        wait_until(lambda: self.ask(tenant).status_code == status, _PATIENCE_S)

    def todos(self, tenant: str) -> list[str]:
        """Return what a customer's site has stored."""
        found: list[str] = self.ask(tenant, TODO).json()["data"]
        return found

    def upgrade(self, tenant: str) -> str:
        """Ask for a websocket through the proxy; return the status line."""
        with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
            lines = (
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
                f"Host: {site(tenant)}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            )
            connection.sendall("\r\n".join((*lines, "", "")).encode())
            return connection.recv(1024).partition(b"\r\n")[0].decode()

    def inside(self, service: str, *command: str) -> str:
        """Run something by hand in the running task of a service; return what it printed."""
        return tell(self._task(service), *command).decode()

    def bench(self, tenant: str, *command: str) -> str:
        """Run `bench` by hand on a customer's site."""
        return self.inside(f"{NAME}_backend", "bench", "--site", site(tenant), *command)

    def site_config(self, tenant: str) -> dict[str, Any]:
        """Return the configuration of a customer's site as it lies in its folder."""
        path = f"{SITES}/{site(tenant)}/site_config.json"
        found: dict[str, Any] = json.loads(self.inside(f"{NAME}_backend", "cat", path))
        return found

    def npm(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the proxy's API as its administrator does in a browser."""
        token = self._npm("POST", "/tokens", self._login())["token"]
        return self._npm(method, path, body, token)

    def host_of(self, tenant: str) -> dict[str, Any]:
        """Return a customer's proxy host as the proxy knows it."""
        (found,) = [
            one
            for one in self.npm("GET", "/nginx/proxy-hosts")
            if site(tenant) in one["domain_names"]
        ]
        return dict(found)

    def tenants(self) -> dict[str, Any]:
        """Return the customers of the stack file."""
        found: dict[str, Any] = self.stack.config["erp"]["tenants"]
        return found

    def _login(self) -> dict[str, str]:
        identity = self.stack.config["npm"]["admin_email"]
        return {"identity": identity, "secret": self.secrets[NPM_PASSWORD]}

    def _npm(self, method: str, path: str, body: object, token: str = "") -> Any:  # noqa: ANN401
        """Ask from this machine, on which every container has an address that is published nowhere.

        Not with a command in the container, whose arguments every process could read.
        """
        sandbox = str(self._task(f"{NAME}_npm").attrs["NetworkSettings"]["SandboxID"])
        reached = self.stack.docker.networks.get("docker_gwbridge").attrs["Containers"].values()
        (address,) = [one["IPv4Address"] for one in reached if sandbox[:12] in one["Name"]]
        answer = httpx.request(
            method,
            f"http://{address.partition('/')[0]}:81/api{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            json=body,
            timeout=20,
        )
        answer.raise_for_status()
        return answer.json()

    def _task(self, service: str) -> Container:
        label = f"com.docker.swarm.service.name={service}"
        end = time.monotonic() + _PATIENCE_S
        while True:
            found = self.stack.docker.containers.list(filters={"label": label})
            if found:
                return found[0]
            assert time.monotonic() < end, f"{service} has no task"
            time.sleep(1)


@contextmanager
def erp(folder: Path) -> Iterator[Erp]:
    """Give an ERP that is up, and take it away afterwards."""
    with stack(folder, NAME, config()) as made:
        served = Erp(made)
        for key in (NPM_PASSWORD, ROOT_PASSWORD, admin("acme"), admin("globex")):
            served.make_secret(key)
        with served.witness.watching():
            made.must_up()
            yield served
