"""A bench with real MariaDB and Redis on a network of the Swarm, and releases of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
from docker.types import ContainerSpec, EndpointSpec, NetworkAttachmentConfig, TaskTemplate

from local.images.build.__main__ import build_images
from steps.context import Context
from steps.erp import sites
from steps.erp.inputs import Sites
from steps.release.service import ServiceInput, spec_of
from steps.swarm import Swarm
from tests.inside import tell
from tests.steps.conftest import ROOT, SOCKET, Steps, image_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT_PASSWORD = "r00t-canary-0123456789"
ADMIN_PASSWORD = "adm1n-canary-0123456789"
FOLDER = "/home/frappe/frappe-bench/sites"
LIMIT_S = 300
UTF8 = ("--character-set-server=utf8mb4", "--innodb-buffer-pool-size=64M")

FORWARD = """
import socket, threading
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    b.close()
server = socket.create_server(("", 8080))
while True:
    client, _ = server.accept()
    try: behind = socket.create_connection(("backend", 8000), 5)
    except OSError: client.close(); continue
    for pair in ((client, behind), (behind, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
"""Stands where the proxy is, and finds the backend anew for each connection."""


@dataclass
class Ground:
    """One bench; the images of its releases by the fault they were built with."""

    steps: Steps
    port: int = 0
    containers: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.steps.name

    def image(self, fault: str = "none") -> str:
        arguments = {} if fault == "none" else {"DEMO_FAULT": fault}
        return build_images(["erpnext"], arguments)["erpnext"]

    def sql(self, text: str) -> list[list[str]]:
        """What the server answers to root."""
        argv = ["mariadb", "-uroot", f"-p{ROOT_PASSWORD}", "-N", "-B", "-e", text]
        out = tell(self.containers["db"], *argv).decode()
        return [line.split("\t") for line in out.splitlines()]

    def shell(self, script: str) -> str:
        """What a command says beside the sites."""
        return tell(self.containers["bench"], "sh", "-c", f"cd {FOLDER}; {script}").decode()

    def configs(self) -> dict[str, dict[str, Any]]:
        """Site → its own configuration."""
        program = (
            "import glob,json;"
            "print(json.dumps({p.split('/')[0]: json.load(open(p))"
            " for p in glob.glob('*/site_config.json')}))"
        )
        found: dict[str, dict[str, Any]] = json.loads(self.shell(f'python3 -c "{program}"'))
        return found

    def progress(self) -> dict[str, Any]:
        """The wave as it is written down; empty before the first."""
        text = self.shell("cat .estate/wave.json 2>/dev/null || echo '{}'")
        found: dict[str, Any] = json.loads(text)
        return found

    def job(self, name: str, image: str) -> dict[str, Any]:
        return {
            "name": name,
            "image": image,
            "labels": self.steps.labels,
            "mounts": [{"type": "volume", "source": f"{self.name}-sites", "target": FOLDER}],
            "network": f"{self.name}-net",
        }

    def sites(self, wanted: Mapping[str, Mapping[str, Any]]) -> Sites:
        """Sites as the provider gives them."""
        given = {
            "docker": {"url": SOCKET},
            "job": self.job(f"{self.name}_sites", self.image()),
            "root_password_secret": f"{self.name}-root",
            "sites": {name: {"site": f"{name}.localhost", **one} for name, one in wanted.items()},
            "passwords": dict.fromkeys(wanted, ADMIN_PASSWORD),
        }
        return Sites.model_validate(given, strict=False)

    def bring(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return sites.bring(self.sites(wanted), Context())

    def backend(self, image: str, release: str) -> ServiceInput:
        return ServiceInput.model_validate(
            {
                "name": f"{self.name}_backend",
                "image": image,
                "labels": self.steps.labels,
                "args": ["start.sh"],
                "env": {"RELEASE_SHA": release},
                "stop_signal": "SIGTERM",
                "stop_grace_s": 10,
                "health": {
                    "test": ["CMD", "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8000/"],
                    "interval_s": 2, "timeout_s": 5, "retries": 5, "start_period_s": 60,
                },
                "mounts": [{"type": "volume", "source": f"{self.name}-sites", "target": FOLDER}],
                "networks": [{"name": f"{self.name}-net", "aliases": ["backend"]}],
                "memory_limit": 256 * 2**20,
                "memory_reservation": 16 * 2**20,
                "restart_delay_s": 1,
                "log_options": {"max-size": "1m"},
                "update": {"order": "start-first", "failure_action": "rollback", "monitor_s": 2},
                "rollback": {"order": "start-first", "failure_action": "pause", "monitor_s": 2},
                "patience_s": 120,
            },
            strict=False,
        )  # fmt: skip

    def release(self, release: str, image: str, **wave: object) -> subprocess.Popen[str]:
        """Begin a release as a process of its own; its phases are a wave and the end."""
        service = self.backend(image, release)
        plan = {
            "docker": {"url": SOCKET},
            "app": self.name,
            "release": release,
            "image": image,
            "mode": "offline",
            "service": service.name,
            "writers": [service.name],
            "verify": {
                "questions": [
                    {
                        "url": f"http://t00.localhost:{self.port}/api/method/ping",
                        "body": "pong",
                        "release_key": "release",
                    }
                ],
                "attempts": 30,
                "interval_s": 1,
            },
            "phases": [
                {
                    "kind": "wave",
                    "name": "wave",
                    "bench": self.job(f"{self.name}_wave", image),
                    "root_password_secret": f"{self.name}-root",
                    "copies": f"{self.name}-copies",
                    "canary": "t00.localhost",
                    "batch": 4,
                    "on_failure": "continue",
                    "services": [service.model_dump(mode="json")],
                    "url": "http://backend:8000/api/method/ping",
                    "site_limit_s": 120,
                    "timeout_s": 600,
                    **wave,
                },
                {"kind": "commit", "name": "verify"},
            ],
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "steps", "release"],
            cwd=ROOT,
            env={**os.environ, "STEP_INPUT": json.dumps(plan)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.steps.processes.append(process)
        return process

    def ended(self, process: subprocess.Popen[str], limit_s: float = LIMIT_S) -> tuple[int, str]:
        """Exit code and messages of a release."""
        _, said = process.communicate(timeout=limit_s)
        return process.returncode, said

    def serving(self) -> str:
        """Image that the backend runs."""
        found = Swarm(self.steps.client).service(f"{self.name}_backend")
        assert found is not None
        return str(found["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])

    def kill_jobs(self) -> None:
        """Kills the containers of the jobs that run, as a power cut would."""
        marker: dict[str, Any] = {"label": f"com.docker.swarm.service.name={self.name}_wave"}
        for container in self.steps.client.containers.list(filters=marker):
            container.kill("SIGKILL")

    def must_release(self, release: str, image: str) -> None:
        """Release to every site, which has to go well."""
        code, said = self.ended(self.release(release, image, timeout_s=3600), limit_s=3600)
        assert code == 0, said

    def start_service(self, part: str, image: str) -> None:
        """Start a service that the network knows by its part."""
        networks = [NetworkAttachmentConfig(f"{self.name}-net", aliases=[part])]
        template = TaskTemplate(ContainerSpec(image), networks=networks)
        self.steps.api.create_service(
            template, name=f"{self.name}_{part}", labels=self.steps.labels,
            endpoint_spec=EndpointSpec(mode="dnsrr"),
        )  # fmt: skip

    def start_backend(self, image: str, release: str) -> None:
        swarm, api = Swarm(self.steps.client), self.steps.api
        networks = swarm.network_ids()
        spec = spec_of(self.backend(image, release), networks=networks, secrets={})
        api._result(api._post_json(api._url("/services/create"), data=spec), json=True)


@contextmanager
def bench() -> Iterator[Ground]:
    """A bench without sites; everything of it is taken away in the end."""
    client = docker.DockerClient(base_url=SOCKET, timeout=60)
    steps = Steps(name=f"erp-{uuid.uuid4().hex[:8]}", client=client)
    ground = Ground(steps=steps)
    with ExitStack() as undo:
        undo.callback(client.close)
        for part in ("sites", "copies"):
            volume = client.volumes.create(f"{steps.name}-{part}", labels=steps.labels)
            undo.callback(_remove, volume)
        network = client.networks.create(
            f"{steps.name}-net", driver="overlay", attachable=True, labels=steps.labels
        )
        undo.callback(_remove, network)
        secret = Swarm(client).create_secret(f"{steps.name}-root", ROOT_PASSWORD, steps.labels)
        undo.callback(steps.api.remove_secret, secret)
        undo.callback(_clear, ground)
        _start(ground, "db", image_ref("mariadb"), *UTF8, MYSQL_ROOT_PASSWORD=ROOT_PASSWORD)
        for kind in ("redis-cache", "redis-queue"):
            _start(ground, kind, image_ref("redis"))
        _start(ground, "bench", ground.image(), "sleep", "infinity")
        _start(ground, "proxy", image_ref("tools"), "python3", "-c", FORWARD)
        ground.containers["proxy"].reload()
        ground.port = int(ground.containers["proxy"].ports["8080/tcp"][0]["HostPort"])
        _configure(ground)
        yield ground


def _start(ground: Ground, part: str, image: str, *command: str, **env: str) -> None:
    client = ground.steps.client
    loopback: dict[str, Any] = {"8080/tcp": ("127.0.0.1", None)}
    made = client.containers.create(
        image, list(command) or None, name=f"{ground.name}-{part}", environment=env,
        labels=ground.steps.labels, init=True, ports=loopback,
        volumes={f"{ground.name}-sites": {"bind": FOLDER}} if part == "bench" else {},
    )  # fmt: skip
    ground.containers[part] = made
    client.networks.get(f"{ground.name}-net").connect(made, aliases=[part])
    made.start()


def _configure(ground: Ground) -> None:
    deadline = time.monotonic() + LIMIT_S
    check = ["healthcheck.sh", "--connect", "--innodb_initialized"]
    while ground.containers["db"].exec_run(check)[0]:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    ground.shell(
        "bench set-config -g db_host db && bench set-config -gp db_port 3306"
        " && bench set-config -g redis_cache redis://redis-cache:6379"
        " && bench set-config -g redis_queue redis://redis-queue:6379"
    )


def _clear(ground: Ground) -> None:
    steps = ground.steps
    for process in steps.processes:
        if process.poll() is None:
            process.kill()
            process.communicate()
    for service in steps.services():
        steps.api.remove_service(service["ID"])
    for config in steps.api.configs(filters={"label": f"estate.journal={ground.name}"}):
        steps.api.remove_config(config["ID"])
    for container in steps.client.containers.list(
        all=True, filters={"label": f"estate.test={ground.name}"}
    ):
        try:
            container.remove(force=True, v=True)
        except docker.errors.APIError:
            container.wait()


def _remove(thing: Any) -> None:  # noqa: ANN401 - a volume or a network
    deadline = time.monotonic() + 60
    while True:
        try:
            thing.remove()
        except docker.errors.NotFound:
            return
        except docker.errors.APIError:
            # The Swarm takes a moment to let go of what a service used.
            assert time.monotonic() < deadline
            time.sleep(0.5)
        else:
            return
