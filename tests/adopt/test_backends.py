"""A state that a team shares: encrypted, locked, copied, and made anew when it is broken."""

import base64
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import docker
import pytest
import yaml
from docker.models.containers import Container

from local.images.build.__main__ import build_images
from ops import state
from ops.engine import Engine
from ops.errors import OpsError
from ops.state import keep
from ops.state_recover import bring_back
from ops.workplace import ROOT, engine_environment
from tests.engine.stack import images, wait_until
from tests.inside import tell

pytestmark = pytest.mark.engine

NAME = "shared"
CANARY = f"canary-{secrets.token_hex(8)}"
CHECKPOINT = f".pulumi/stacks/estate/{NAME}.json"
LOCK = f".pulumi/locks/organization/estate/{NAME}/{secrets.token_hex(4)}.json"
HOLDER = {"pid": 1, "username": "ana", "hostname": "office", "timestamp": "2026-11-22T16:00:00Z"}


class Server(Protocol):
    """Where a state is kept."""

    @property
    def variables(self) -> dict[str, str]:
        """What leads the engine to it."""

    def write(self, key: str, content: bytes) -> None:
        """Put something there behind the engine's back."""

    def everything(self) -> bytes:
        """Return all that it holds."""


@dataclass(frozen=True)
class Postgres:
    """A table in the database that the project has an image of."""

    container: Container
    port: int
    password: str

    @property
    def variables(self) -> dict[str, str]:
        url = f"postgres://state@127.0.0.1:{self.port}/state?sslmode=disable"
        return {"PULUMI_BACKEND_URL": url, "PGPASSWORD": self.password}

    def write(self, key: str, content: bytes) -> None:
        data = json.dumps({"data": base64.b64encode(content).decode()})
        self._sql(
            "insert into pulumi_state (key, data, updated_at) values "  # noqa: S608 - of this test
            f"('state/{key}', '{data}', now()) on conflict (key) do update set data = excluded.data"
        )

    def everything(self) -> bytes:
        rows = self._sql("select data->>'data' from pulumi_state").split()
        return b"".join(base64.b64decode(row) for row in rows)

    def _sql(self, text: str) -> bytes:
        return tell(self.container, "psql", "-U", "state", "-d", "state", "-Atc", text)


@dataclass(frozen=True)
class Bucket:
    """A bucket on a real S3 server, which keeps objects as files."""

    container: Container
    port: int
    password: str

    @property
    def variables(self) -> dict[str, str]:
        server = f"endpoint=http://127.0.0.1:{self.port}&s3ForcePathStyle=true&region=us-east-1"
        return {
            "PULUMI_BACKEND_URL": f"s3://state?{server}",
            "AWS_ACCESS_KEY_ID": "state",
            "AWS_SECRET_ACCESS_KEY": self.password,
        }

    def write(self, key: str, content: bytes) -> None:
        coded, file = base64.b64encode(content).decode(), f"/s3/state/{key}"
        self._sh(f"mkdir -p $(dirname {file}) && echo {coded} | base64 -d > {file}")

    def everything(self) -> bytes:
        return self._sh("find /s3/state -type f -exec cat {} +")

    def _sh(self, script: str) -> bytes:
        return tell(self.container, "sh", "-c", script)


def postgres(password: str) -> dict[str, Any]:
    given = {"POSTGRES_USER": "state", "POSTGRES_DB": "state", "POSTGRES_PASSWORD": password}
    return {"image": images()["postgres"], "environment": given, "ports": {"5432": None}}


def bucket(password: str) -> dict[str, Any]:
    given = {"ROOT_ACCESS_KEY": "state", "ROOT_SECRET_KEY": password}
    script = "mkdir -p /s3/state && exec versitygw --port :7070 posix /s3"
    command = ["sh", "-c", script]
    image = build_images(["s3"], {})["s3"]
    whole = {"image": image, "environment": given, "ports": {"7070": None}}
    return {**whole, "command": command}


SERVERS: dict[str, Any] = {"PostgreSQL": (postgres, Postgres), "S3": (bucket, Bucket)}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    options, kind = SERVERS[request.param]
    password = secrets.token_hex(16)
    given = options(password)
    ports = {f"{port}/tcp": ("127.0.0.1", None) for port in given.pop("ports")}
    client = docker.from_env()
    containers: Any = client.containers
    container: Container = containers.run(**given, ports=ports, detach=True)
    try:
        wait_until(lambda: bool(_ports(container)), 60)
        (bound,) = _ports(container).values()
        yield kind(container, int(bound[0]["HostPort"]), password)
    finally:
        container.remove(force=True, v=True)
        client.close()


def _ports(container: Container) -> dict[str, Any]:
    container.reload()
    return {port: bound for port, bound in container.ports.items() if bound}


@pytest.fixture
def engine(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine whose state is there, on a stack that needs no host to be brought up."""
    monkeypatch.setattr(state, "PRIVATE", tmp_path)
    file = tmp_path / f"Pulumi.{NAME}.yaml"
    host = {"url": "ssh://deploy@203.0.113.7:22", "address": "203.0.113.7", "host_key": KEY}
    login = {"ghcr.io": {"username": "ana"}}
    config = {"estate:hosts": {"vps": host}, "estate:registrySecrets": login}
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    environment = {**engine_environment(), **server.variables}
    environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    environment["PULUMI_CONFIG_PASSPHRASE"] = "of a test"
    made = Engine(NAME, config_file=file, environment=environment)
    init = ["stack", "init", NAME, "--non-interactive", "--cwd", str(tmp_path)]
    wait_until(lambda: _answers(made), 90, every_s=1)
    made.run_bare(*init)
    path = 'estate:registrySecrets["ghcr.io"].password'
    made.ask("config", "set", "--path", path, "--secret", stdin=CANARY)
    return made


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL5gpDPlyO7jVELvfWOo0+x6ezqN24f3/0xMJCxpLPf4"


def up(engine: Engine) -> tuple[int, str]:
    """Plain `pulumi up`, which reaches no host here; return its exit code and what it said."""
    done = subprocess.run(
        engine.command("up", "--yes", "--skip-preview", "--suppress-outputs"),
        cwd=ROOT,
        env=engine.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _answers(engine: Engine) -> bool:
    try:
        engine.run_bare("stack", "ls", "--json", "--all")
    except OpsError:
        return False
    return True


def test_a_shared_state_is_encrypted_locked_copied_and_made_anew(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = up(engine)
    assert code == 0, said
    copy = keep(engine)
    assert copy is not None
    # Secrets are in neither in the open.
    assert b"ciphertext" in server.everything()
    for text in (server.everything(), copy.read_bytes()):
        assert CANARY.encode() not in text

    # Somebody's lock is respected, whoever and wherever that is, and a person can take it away.
    server.write(LOCK, json.dumps(HOLDER).encode())
    whole = engine.ask("stack", "export")
    with pytest.raises(OpsError, match=r"created by ana@office \(pid 1\)") as locked:
        engine.ask("stack", "import", stdin=whole)
    assert list(server.variables.values())[-1] not in str(locked.value)
    engine.ask("cancel", "--yes")
    engine.ask("stack", "import", stdin=whole)

    server.write(CHECKPOINT, b'{"version": 3, "checkp')
    with pytest.raises(OpsError, match=f"make state-recover STACK={NAME}"):
        keep(engine)
    monkeypatch.setattr("ops.state_recover.take_in", lambda _engine, **_given: 0)
    assert bring_back(engine, None, force=True) == 0
    engine.ask("preview", "--expect-no-changes")
