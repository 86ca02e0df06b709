"""One stack's life: every kind of release that fails, and a witness who looks on all the time.

The tests of failed releases and those of secrets read what happened here, so that it happens once.
"""

import io
import secrets
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker

from local.cloudflare.api import Cloudflare, running
from local.images.build.registry import push
from ops.workplace import PRIVATE, ROOT
from tests.engine.releases import Fault, missing, release
from tests.engine.stack import Run, Stack, images, stack, tickets_config, wait_until
from tests.faults.canaries import Places, Witness, files

NAME = "fault1"
PORT = 8280
FIRST = "fault2"
FIRST_PORT = 8284
ZONE = "fa17" * 8
REGISTRY = "127.0.0.1:5000"
UP = ("up", "--yes", "--skip-preview")

FAILED: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "no image": ("none", ("--diff",)),
    "crash": ("crash", ("--json",)),
    "unhealthy": ("unhealthy", ()),
    "bad migration": ("bad-migration", ()),
}
"""Releases that fail: what is wrong with the image, and how the next preview is shown."""

CANARIES = {
    f"ticketsSecrets.{variable}": secrets.token_hex(32)
    for variable in (
        "BETTER_AUTH_SECRET",
        "MACHINE_PROVISIONING_SECRET",
        "CONVEX_SYNC_SECRET",
        "CONVEX_INSTANCE_SECRET",
        "SMTP_PASSWORD",
        "REPORTS_CRON_SECRET",
        "FLEET_SYNC_SECRET",
        "INTERNAL_HEALTH_TOKEN",
        "SEED_USER_PASSWORD",
    )
} | {
    "dnsSecrets.CLOUDFLARE_API_TOKEN": secrets.token_hex(20),
    f'registrySecrets["{REGISTRY}"].password': secrets.token_hex(20),
}


@dataclass(frozen=True)
class Release:
    """A release that was tried, and what held afterwards.

    Attributes:
        up: what the engine said.
        preview: what the next preview said.
        build: the build that answered through the edge.
        web: task ids of the web application.
    """

    up: Run
    preview: Run
    build: str
    web: list[str]


@dataclass
class Life:
    """A stack that has lived through everything, and what was seen and said meanwhile.

    Attributes:
        stack: the stack.
        witness: what was seen of processes and containers.
        dns: Cloudflare's stand-in, with its records.
        said: command → its output.
        releases: what was tried → what came of it.
        first: a first up of another stack that failed.
    """

    stack: Stack
    witness: Witness
    dns: Cloudflare
    said: dict[str, Run] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    first: Run = field(default_factory=lambda: Run(-1, ""))

    def say(self, *arguments: str) -> Run:
        """Run the engine and keep what it says."""
        done = self.stack.run(*arguments)
        self.said[f"{len(self.said)}: {' '.join(arguments)}"] = done
        return done

    def build(self) -> str:
        """Return the build that answers through the edge, which sees a new task 2 s late."""
        domain = f"tickets.{NAME}.localhost"
        wait_until(lambda: self.stack.get(domain, "/api/health").is_success, 180)
        return str(self.stack.get(domain, "/api/health").json()["build"])

    def must_serve(self, image: str, *how: str) -> None:
        """Release an image, which has to succeed."""
        self._choose(image)
        done = self.say(*UP, *how)
        assert done.code == 0, done.output

    def try_out(self, what: str, image: str, *preview: str) -> None:
        """Release an image, and keep what came of it.

        Args:
            what: name of the try.
            image: reference with digest.
            preview: how the next preview is shown.
        """
        self._choose(image)
        up = self.say(*UP)
        shown = self.say("preview", "--expect-no-changes", *preview)
        self.releases[what] = Release(up, shown, self.build(), self.stack.tasks()[f"{NAME}_web"])

    def _choose(self, image: str) -> None:
        """Set the image as a person does: the secrets in the file stay as they are."""
        self.stack.engine.ask("config", "set", "--path", "estate:tickets.image", image)

    @property
    def places(self) -> Places:
        """Every place where a secret is looked for."""
        yield from ((f"output of {name}", run.output.encode()) for name, run in self.said.items())
        yield from self.witness.places
        yield from files(self.stack.folder, PRIVATE)


@contextmanager
def life(folder: Path, tried: Collection[str]) -> Iterator[Life]:
    """Give a stack and another, and what happened to them.

    Args:
        folder: of their state.
        tried: the failing releases, of FAILED.
    """
    config = tickets_config(NAME, port=PORT, by_clock=True)
    del config["ticketsSecrets"]
    config["tickets"]["web"]["start_period"] = "1s"
    config["tickets"]["seed"] = {"admin": {"email": "admin@example.com", "name": "Admin"}}
    config["registrySecrets"] = {REGISTRY: {"username": "puller"}}
    with _dns() as api, _failing_first_up(folder / FIRST) as first_up:
        config["dns"] = {"zones": {f"{NAME}.localhost": ZONE}, "api_url": api.url}
        with stack(folder / NAME, NAME, config) as it:
            lived = Life(it, Witness(NAME), api)
            for path, secret in CANARIES.items():
                key = ("--path", f"estate:{path}", "--secret")
                it.engine.ask("config", "set", *key, stdin=secret)
            with lived.witness.watching():
                _live(lived, tried)
            lived.first = first_up()
            yield lived


def _live(life: Life, tried: Collection[str]) -> None:
    demo = release("demo")
    life.must_serve(demo, "--json")
    life.say("config")
    life.say("stack", "export")
    life.say("refresh", "--preview-only", "--run-program", "--diff")
    for what, (fault, preview) in FAILED.items():
        if what in tried:
            image = missing(demo) if fault == "none" else release(fault, fault=fault)
            life.try_out(what, image, *preview)
    life.must_serve(release("good"), "--diff")


@contextmanager
def _dns() -> Iterator[Cloudflare]:
    token = CANARIES["dnsSecrets.CLOUDFLARE_API_TOKEN"]
    with running({ZONE: f"{NAME}.localhost"}, token) as api:
        yield api


def _crashing_filter() -> str:
    """Build and push an image of the edge's filter whose program ends at once."""
    program = "/usr/local/bin/haproxy"
    script = r"#!/bin/sh\necho the filter was built to crash >&2\nexit 1\n"
    text = (
        f"FROM {images()['docker-filter']}\nRUN printf '{script}' >{program} && chmod +x {program}"
    )
    with closing(docker.from_env()) as client:
        image, _ = client.images.build(fileobj=io.BytesIO(text.encode()), rm=True)
        return push(client, image, name="docker-filter", tag="crash")


@contextmanager
def _failing_first_up(folder: Path) -> Iterator[Callable[[], Run]]:
    """Let a first up fail in the background: the provider takes five minutes to give up."""
    config = tickets_config(FIRST, port=FIRST_PORT)
    for key in ("tickets", "ticketsSecrets", "tools"):
        del config[key]
    config["edge"]["filter_image"] = _crashing_filter()
    with stack(folder, FIRST, config) as it:
        log = it.folder / "up.log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                it.command(*UP),
                cwd=ROOT,
                env=it.engine.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):

            def ended() -> Run:
                code = process.wait(timeout=600)
                return Run(code, log.read_text(encoding="utf-8"))

            try:
                yield ended
            finally:
                process.kill()
