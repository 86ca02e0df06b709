"""Real Docker, real Swarm; everything a test makes carries its own name and is removed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOCKET = "unix:///var/run/docker.sock"
TEST_LABEL = "estate.test"
ALONE = frozenset({"job", "convex-deploy"})
"""What is no step of its own any more, but a phase of a release."""


def image_ref(name: str) -> str:
    """Return the digest reference of an image of the local stack."""
    images = json.loads((ROOT / ".estate" / "images.json").read_text())
    return str(images[name]["ref"])


@dataclass
class Finished:
    """How a step ended."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        assert self.code == 0, self.err
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@dataclass
class Steps:
    """Runs steps as processes of their own, under names of this test alone."""

    name: str
    client: docker.DockerClient
    volumes: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def api(self) -> Any:  # noqa: ANN401 - the SDK's low-level calls carry no types
        return self.client.api

    @property
    def labels(self) -> dict[str, str]:
        return {TEST_LABEL: self.name}

    def start(
        self, step: str, given: dict[str, Any], secrets: dict[str, Any] | None = None
    ) -> subprocess.Popen[str]:
        program = "tests.steps.alone" if step in ALONE else "steps"
        process = subprocess.Popen(
            [sys.executable, "-m", program, step],
            cwd=ROOT,
            env={**os.environ, "STEP_INPUT": json.dumps(given)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(secrets) if secrets else "")
        process.stdin.close()
        process.stdin = None
        return process

    def finish(self, process: subprocess.Popen[str]) -> Finished:
        out, err = process.communicate(timeout=120)
        return Finished(process.returncode, out, err)

    def run(
        self, step: str, given: dict[str, Any], secrets: dict[str, Any] | None = None
    ) -> Finished:
        return self.finish(self.start(step, given, secrets))

    def job(
        self,
        *command: str,
        timeout_s: float = 60,
        secret_files: list[dict[str, str]] | None = None,
        **more: object,
    ) -> dict[str, Any]:
        job = {
            "name": self.name,
            "image": image_ref("tools"),
            "command": list(command),
            "memory_limit": 64 * 1024 * 1024,
            "labels": self.labels,
            **more,
        }
        return {
            "docker": {"url": SOCKET},
            "job": job,
            "timeout_s": timeout_s,
            "what": "the tested job",
            "secret_files": secret_files or [],
        }

    def volume(self, suffix: str, options: dict[str, str] | None = None) -> str:
        name = f"{self.name}-{suffix}"
        self.client.volumes.create(name, labels=self.labels, driver_opts=options or {})
        self.volumes.append(name)
        return name

    def python(self, code: str, *volumes: str) -> str:
        """Run Python in a container that has the given volumes at /v0, /v1 …; return its output."""
        mounts = {name: {"bind": f"/v{number}"} for number, name in enumerate(volumes)}
        out = self.client.containers.run(
            image_ref("tools"), ["-c", code], entrypoint="python3", volumes=mounts, remove=True
        )
        assert isinstance(out, bytes)
        return out.decode()

    def containers(self) -> list[str]:
        """Return the containers of this test that exist, running or not."""
        marker: dict[str, str | list[str] | bool] = {"label": f"{TEST_LABEL}={self.name}"}
        return [
            str(one.name)
            for one in self.client.containers.list(all=True, filters=marker, ignore_removed=True)
        ]

    def services(self) -> list[dict[str, Any]]:
        found = self.api.services(filters={"label": f"{TEST_LABEL}={self.name}"})
        return list(found)

    def secrets(self) -> list[dict[str, Any]]:
        return list(self.api.secrets(filters={"label": f"{TEST_LABEL}={self.name}"}))


@pytest.fixture
def steps() -> Iterator[Steps]:
    client = docker.DockerClient(base_url=SOCKET, timeout=60)
    made = Steps(name=f"steps-{uuid.uuid4().hex[:8]}", client=client)
    yield made
    for service in made.services():
        made.api.remove_service(service["ID"])
    for secret in made.secrets():
        made.api.remove_secret(secret["ID"])
    marker: dict[str, str | list[str] | bool] = {"label": f"{TEST_LABEL}={made.name}"}
    for container in client.containers.list(all=True, filters=marker, ignore_removed=True):
        with contextlib.suppress(docker.errors.APIError):  # the Swarm may be faster
            container.remove(force=True, v=True)
    for name in made.volumes:
        client.volumes.get(name).remove(force=True)
    client.close()
