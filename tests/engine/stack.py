"""A stack of its own for a test: names, ports, state and secrets that meet no other stack's."""

import copy
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import docker
import httpx
import yaml

from ops.drift import Drift, certain
from ops.engine import Engine
from ops.workplace import ROOT, engine_environment

LIMIT_S = 900
OF_OTHERS = ("service", "container", "network", "volume", "secret", "config", "node-label")
_NOTHING_BY_CLOCK = {
    "backup": {"schedule": None},
    "cron": {"chat_cleanup": None, "usb_cleanup": None},
}
_SMALL = {"memory_limit": "256M", "memory_reservation": "32M"}


@dataclass(frozen=True)
class Run:
    """What one run of the engine said.

    Attributes:
        code: its exit code.
        output: standard output and error together.
    """

    code: int
    output: str


def images() -> dict[str, str]:
    """Return name → reference with digest of the images of the local stack."""
    built = json.loads((ROOT / ".estate/images.json").read_text(encoding="utf-8"))
    return {name: image["ref"] for name, image in built.items()}


def edge_config(name: str, *, port: int) -> dict[str, Any]:
    """Return a stack file with the edge alone on this machine.

    Args:
        name: prefix of everything in the Swarm.
        port: where the edge listens; HTTPS, if a test turns it on, is one above.
    """
    built = images()
    return {
        "hosts": {"here": {"url": "unix:///var/run/docker.sock", "address": "127.0.0.1"}},
        "edge": {
            "host": "here",
            "name": f"{name}_edge",
            "network": f"{name}_public",
            "image": built["traefik"],
            "filter_image": built["docker-filter"],
            "http_port": port,
            "https_port": port + 1,
            "acme": None,
        },
        "tools": {"image": built["tools"]},
    }


def crm_config(name: str, *, port: int, by_clock: bool = False) -> dict[str, Any]:
    """Return a stack file with the edge and the CRM on this machine.

    Args:
        name: prefix of everything in the Swarm.
        port: as for the edge.
        by_clock: with the services that copy its data by the clock.
    """
    built = images()
    return {
        **edge_config(name, port=port),
        "crm": {
            "host": "here",
            "name": name,
            "image": built["crm"],
            "seed": "npm run seed",
            "backend": {
                "name": f"{name}-backend",
                "domain": f"api.{name}.localhost",
                "start_period": "1s",
                **_SMALL,
            },
            "postgres": {"name": f"{name}-postgres", "image": built["postgres"], **_SMALL},
            "backup": {"enabled": True, "keep": 5, **({} if by_clock else {"schedule": None})},
            "verify": {"release": "release", "attempts": 20, "interval": "1s"},
        },
        "crmSecrets": {"POSTGRES_PASSWORD": secrets.token_hex(32)},
        "backupSecrets": {"RESTIC_PASSWORD": secrets.token_hex(32)},
    }


def tickets_config(name: str, *, port: int, by_clock: bool = False) -> dict[str, Any]:
    """Return a stack file with the edge and the tickets system on this machine.

    Args:
        name: prefix of everything in the Swarm.
        port: as for the edge.
        by_clock: with the services that copy its data, and call it, by the clock.
    """
    built = images()
    return {
        **edge_config(name, port=port),
        "tickets": {
            "host": "here",
            "name": name,
            "image": built["tickets"],
            "web": {"domain": f"tickets.{name}.localhost", **_SMALL},
            "convex": {
                "domain": f"convex.{name}.localhost",
                "image": built["convex"],
                **_SMALL,
            },
            "dashboard": {
                "domain": f"admin.{name}.localhost",
                "image": built["convex-dashboard"],
                "allow": ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
            },
            "env": {
                "SMTP_ADDRESS": "mail.localhost",
                "SMTP_DOMAIN": "tickets.localhost",
                "SMTP_USERNAME": "tickets",
                "MAILER_SENDER_EMAIL": "Tickets <no-reply@tickets.localhost>",
            },
            "smoke": {"release_path": "/api/health", "attempts": 20, "interval": "2s"},
            **({} if by_clock else _NOTHING_BY_CLOCK),
        },
        "ticketsSecrets": {
            variable: secrets.token_hex(32)
            for variable in (
                "BETTER_AUTH_SECRET",
                "MACHINE_PROVISIONING_SECRET",
                "CONVEX_SYNC_SECRET",
                "CONVEX_INSTANCE_SECRET",
                "SMTP_PASSWORD",
                "REPORTS_CRON_SECRET",
            )
        },
    }


class Stack:
    """A stack with its own state, driven as a person drives it.

    Attributes:
        name: of the stack, and prefix in the Swarm.
        config: the stack file's content below `estate:`; `write` makes a change of it effective.
        engine: the real engine on this stack.
        docker: the Swarm's manager.
    """

    def __init__(self, folder: Path, name: str, config: dict[str, Any]) -> None:
        """Make the stack in a state of its own; nothing is deployed."""
        self.name = name
        self.config = copy.deepcopy(config)
        # What other tests make on this machine at the same time is nothing to this stack.
        self.config.setdefault("drift", {"ignore": [f"{kind}:*" for kind in OF_OTHERS]})
        self.folder = folder
        self.file = folder / f"Pulumi.{name}.yaml"
        environment = engine_environment()
        environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        environment["PULUMI_CONFIG_PASSPHRASE"] = "of a test"
        environment["PULUMI_BACKEND_URL"] = f"file://{folder}/state"
        (folder / "state").mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        self.engine = Engine(name, config_file=self.file, environment=environment)
        self.engine.run_bare("stack", "init", name, "--non-interactive", "--cwd", str(folder))
        self.write()
        self.docker = docker.from_env()

    def write(self) -> None:
        """Write the stack file; salt and encrypted secrets in it stay."""
        content = yaml.safe_load(self.file.read_text(encoding="utf-8")) or {}
        config = {f"estate:{key}": value for key, value in self.config.items()}
        self.file.write_text(yaml.safe_dump({**content, "config": config}), encoding="utf-8")

    def set(self, path: str, value: object) -> None:
        """Change one key such as `tickets.web.domain`, and write the file."""
        *parents, last = path.split(".")
        place = self.config
        for parent in parents:
            place = place[parent]
        place[last] = value
        self.write()

    def command(self, *arguments: str) -> list[str]:
        """Return the engine's command line."""
        return self.engine.command(*arguments)

    def run(self, *arguments: str, limit_s: int = LIMIT_S) -> Run:
        """Run the engine and return what it said; a failure is not raised."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.engine.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def up(self) -> Run:
        """Plain `pulumi up`, as a person without our Makefile runs it."""
        return self.run("up", "--yes", "--skip-preview")

    def must_up(self) -> Run:
        """Plain `pulumi up` that has to succeed."""
        done = self.up()
        assert done.code == 0, done.output
        return done

    def drift(self) -> tuple[Drift, ...]:
        """The drift check; what it could not look at is an error here.

        What is just starting, beside other tests, is looked at again for 60 s at most.
        """
        end = time.monotonic() + 60
        while True:
            seen = certain(self.engine)
            assert seen.unknown == ()
            starts = any(one.found.endswith(" is starting") for one in seen.found)
            if not starts or time.monotonic() > end:
                return seen.found
            time.sleep(1)

    def output(self, name: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return a stack output."""
        return json.loads(self.engine.ask("stack", "output", name, "--json"))

    def state(self) -> dict[str, Any]:
        """Return the state as the engine exports it, secrets encrypted."""
        exported: dict[str, Any] = json.loads(self.engine.ask("stack", "export"))
        return exported

    def tasks(self) -> dict[str, list[str]]:
        """Service → ids of its tasks that should run: equal before and after means untouched."""
        services = self.docker.services.list(filters={"label": f"estate.stack={self.name}"})
        return {
            service.name: sorted(
                task["ID"] for task in service.tasks(filters={"desired-state": "running"})
            )
            for service in services
            if "Replicated" in service.attrs["Spec"]["Mode"]
        }

    def get(self, domain: str, path: str = "/") -> httpx.Response:
        """Ask through the edge, as a browser on this machine would.

        The edge looks for new tasks and routes every second: until it has, and for 15 s at most,
        its own "not found" and "no server" are asked again, and so is what nobody answers.
        """
        port = self.config["edge"]["http_port"]
        return ask_again(
            lambda: httpx.get(
                f"http://127.0.0.1:{port}{path}", headers={"host": domain}, timeout=30
            )
        )

    def take_away(self) -> None:
        """Remove everything of this stack from the machine, data included."""
        self.clear()
        self.docker.close()

    def clear(self) -> None:
        """Remove what there is of this stack in the Swarm, data included.

        By label and without the engine, which takes a minute longer; `make down` has its own test.
        """
        remove_labelled(self.docker, f"estate.stack={self.name}")
        for app in (self.name, f"{self.name}-convex"):
            for part in self.docker.configs.list(filters={"label": f"estate.journal={app}"}):
                eventually(part.remove, 180)


def remove_labelled(client: docker.DockerClient, label: str) -> None:
    """Remove what is left of a stack: jobs, secrets, networks, containers, volumes."""
    chosen: dict[str, str | list[str] | bool] = {"label": label}
    for service in client.services.list(filters=chosen):
        service.remove()
    wait_until(
        lambda: not client.containers.list(filters=chosen, ignore_removed=True),
        180,
    )
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        eventually(partial(container.remove, force=True, v=True), 180)
    for secret in client.secrets.list(filters=chosen):
        eventually(secret.remove, 180)
    for volume in client.volumes.list(filters=chosen):
        eventually(volume.remove, 180)
    for network in client.networks.list(filters=chosen):
        eventually(network.remove, 180)


def ask_again(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask until somebody else than the edge answers, for 15 s at most; then it is as it is."""
    end = time.monotonic() + 15
    while True:
        try:
            answer = ask()
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
        else:
            if answer.status_code not in {404, 502, 503, 504} or time.monotonic() > end:
                return answer
        time.sleep(0.5)


def wait_until(true: Callable[[], bool], limit_s: float, every_s: float = 0.5) -> None:
    """Wait until something holds; at the limit that is a failed test."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, f"not so after {limit_s} s"
        time.sleep(every_s)


def eventually(act: Callable[[], object], limit_s: float) -> None:
    """Try until the Docker daemon lets it happen; at the limit its own error is raised."""
    end = time.monotonic() + limit_s
    while True:
        try:
            act()
        except docker.errors.NotFound:
            return
        except docker.errors.APIError:
            if time.monotonic() > end:
                raise
            time.sleep(1)
        else:
            return


@contextmanager
def stack(folder: Path, name: str, config: Mapping[str, Any]) -> Iterator[Stack]:
    """Give a stack for a test and take it away afterwards, whatever happened.

    What a run that was killed has left of the same name goes first.
    """
    made = Stack(folder, name, dict(config))
    try:
        made.clear()
        yield made
    finally:
        made.take_away()
