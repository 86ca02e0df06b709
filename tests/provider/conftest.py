"""One NPM in the Swarm, something behind it, and a project whose only provider is the estate's."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.types import (
    ContainerSpec,
    EndpointSpec,
    Mount,
    NetworkAttachmentConfig,
    TaskTemplate,
)

from tests.plugins.project import ROOT, Project
from tests.steps.conftest import SOCKET, image_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICE_LABEL = "com.docker.swarm.service.name"
PASSWORD = "planted-npm-password"
LIMIT_S = 180

# Says which host was asked for, and takes any upgrade.
BEHIND = r"""
import socketserver
class Behind(socketserver.StreamRequestHandler):
    def handle(self):
        lines = []
        while (line := self.rfile.readline().strip()):
            lines.append(line.decode().lower())
        if "upgrade: websocket" in lines:
            head = "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
            body = "opened"
        else:
            body = next(line for line in lines if line.startswith("host:"))
            head = f"200 OK\r\nConnection: close\r\nContent-Length: {len(body)}"
        self.wfile.write(f"HTTP/1.1 {head}\r\n\r\n{body}".encode())
socketserver.ThreadingTCPServer(("", 8080), Behind).serve_forever()
"""


@dataclass(frozen=True)
class Npm:
    """A running NPM: what the provider has to be told, and how it is asked from outside."""

    name: str
    port: int
    tls_port: int
    client: docker.DockerClient

    @property
    def target(self) -> dict[str, Any]:
        return {
            "docker": {"url": SOCKET},
            "service": f"{self.name}-npm",
            "url": f"http://{self.name}-npm:81",
            "network": f"{self.name}-net",
            "job": {"name": f"{self.name}-job", "image": image_ref("tools")},
            "identity": "ops@example.com",
            "password_secret": f"{self.name}-password",
        }

    @property
    def requests(self) -> list[str]:
        """What the API was asked for besides looking and logging in, oldest first."""
        log = self.client.services.get(f"{self.name}-npm").logs(stdout=True, stderr=True)
        text = b"".join(log).decode()
        asked = [line.split(" ", 1)[1] for line in text.splitlines() if line.startswith("request ")]
        return [one for one in asked if not one.startswith(("GET", "POST /api/tokens"))]

    def ask(self, host: str, *headers: str) -> str:
        """Return the beginning of the answer to one request for a host, as a browser would."""
        lines = ["GET / HTTP/1.1", f"Host: {host}", *(headers or ("Connection: close",)), "", ""]
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.settimeout(20)
            connection.sendall("\r\n".join(lines).encode())
            answer = b""
            while not answer.partition(b"\r\n\r\n")[2] and (part := connection.recv(4096)):
                answer += part
        return answer.decode()

    def has_certificate(self, host: str) -> bool:
        """Whether a browser is shown a certificate of that host, whoever signed it."""
        anyone = ssl.create_default_context()
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        try:
            own = ssl.DER_cert_to_PEM_cert(self._shown(host, anyone))
            return bool(self._shown(host, ssl.create_default_context(cadata=own)))
        except ssl.SSLError:
            return False

    def _shown(self, host: str, context: ssl.SSLContext) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=20) as connection,
            context.wrap_socket(connection, server_hostname=host) as tls,
        ):
            return tls.getpeercert(binary_form=True) or b""

    def answers(self, host: str) -> bool:
        try:
            return "200 OK" in self.ask(host)
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


@pytest.fixture(scope="module")
def npm() -> Iterator[Npm]:
    client = docker.from_env()
    api: Any = client.api
    name = f"provider-{uuid.uuid4().hex[:8]}"
    port, tls_port = free_port(), free_port()
    labels = {"estate.test": name}
    network = client.networks.create(
        f"{name}-net", driver="overlay", attachable=True, labels=labels
    )
    secret = api.create_secret(f"{name}-password", PASSWORD, labels=labels)["ID"]
    mounts = [Mount("/data", f"{name}-data", type="volume")]
    made = []
    try:
        ports: dict[Any, Any] = {port: (80, "tcp", "host"), tls_port: (443, "tcp", "host")}
        for part, container, published in (
            ("npm", ContainerSpec(image_ref("npm"), mounts=mounts), ports),
            ("behind", ContainerSpec(image_ref("tools"), command=["python3", "-c", BEHIND]), None),
        ):
            template = TaskTemplate(container, networks=[NetworkAttachmentConfig(str(network.id))])
            endpoint = EndpointSpec(mode="dnsrr", ports=published)
            service = api.create_service(
                template, name=f"{name}-{part}", labels=labels, endpoint_spec=endpoint
            )
            made.append(service["ID"])
        yield Npm(name, port, tls_port, client)
    finally:
        for service_id in made:
            api.remove_service(service_id)
        api.remove_secret(secret)
        names = {f"{name}-npm", f"{name}-behind"}

        def ended() -> bool:
            listed = client.containers.list(all=True, ignore_removed=True)
            return names.isdisjoint(one.labels.get(SERVICE_LABEL) for one in listed)

        until(ended, "the containers of the test are still there")
        client.volumes.get(f"{name}-data").remove()
        network.remove()
        client.close()


@pytest.fixture(scope="module")
def project(npm: Npm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    del npm  # it has to outlive the project
    made = Project(tmp_path_factory.mktemp("project"))
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    plugin = {"name": "estate", "path": str(ROOT / "provider"), "version": "0.1.0"}
    (made.folder / "Pulumi.yaml").write_text(
        json.dumps({"name": "conform", "runtime": runtime, "plugins": {"providers": [plugin]}})
    )
    made.init()
    yield made
    gone = made.destroy()
    assert gone.code == 0, gone.output
