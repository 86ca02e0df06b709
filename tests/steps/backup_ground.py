"""What the tests of the backups share: plans, and a real Postgres server."""

from __future__ import annotations

import io
import tarfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

import docker
import docker.errors

from steps import backups
from steps.backups import BackupPlan, FolderSource, PostgresSource, SqliteSource
from steps.context import Context
from steps.inputs import PlainJob
from steps.redact import Redactor
from steps.swarm import Swarm
from tests.inside import tell
from tests.steps.conftest import SOCKET, Steps, image_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.backups import Copy, Restored, Source

PASSWORD = "restic-password-of-this-test"
DATABASE_PASSWORD = "c0ffee:with\\odd-characters"
WRITER = "crm_user"


@dataclass
class Ground:
    """One volume of backups, and what is copied into it."""

    steps: Steps
    volume: str
    sources: tuple[Source, ...]
    keep: int = 3
    timeout_s: float = 120
    job: str = "backup"
    said: StringIO = field(default_factory=StringIO)

    @property
    def swarm(self) -> Swarm:
        return Swarm(self.steps.client)

    def context(self, password: str = PASSWORD) -> Context:
        return Context(
            secrets={"backup_password": password}, redactor=Redactor([password]), stderr=self.said
        )

    def plan(self, release: str = "r1") -> BackupPlan:
        job = PlainJob(
            name=f"{self.steps.name}-{self.job}",
            image=image_ref("tools"),
            labels=self.steps.labels,
        )
        return BackupPlan(
            job=job,
            volume=self.volume,
            keep=self.keep,
            release=release,
            sources=self.sources,
            timeout_s=self.timeout_s,
        )

    def take(self, release: str = "r1", password: str = PASSWORD) -> Copy:
        """Take a backup of the only source."""
        (copy,) = backups.take(self.swarm, self.plan(release), self.context(password))
        return copy

    def rehearse(self) -> None:
        """Rehearse a backup of all sources."""
        backups.rehearse(self.swarm, self.plan(), self.context())

    def restore(self, file: str) -> Restored:
        """Restore the only source."""
        chosen = {self.sources[0].name: file}
        (restored,) = backups.restore(self.swarm, self.plan(), chosen, self.context())
        return restored

    def catalog(self) -> tuple[Copy, ...]:
        return backups.catalog(self.swarm, self.plan(), self.context())

    def files(self) -> list[str]:
        """Return every file in the volume of the backups but those of restic."""
        code = (
            "import os\n"
            "for d, _, names in os.walk('/v0'):\n"
            "  if not d.startswith('/v0/restic'):\n"
            "    for name in names: print(os.path.join(d, name)[4:])"
        )
        return sorted(self.steps.python(code, self.volume).splitlines())

    def running(self) -> list[str]:
        """Return the ids of the containers of this test's jobs that run."""
        label: dict[str, Any] = {"label": [f"estate.test={self.steps.name}"], "status": "running"}
        return [
            str(one.id)
            for one in self.steps.client.containers.list(filters=label, ignore_removed=True)
        ]


def sqlite_source(volume: str) -> SqliteSource:
    return SqliteSource(kind="sqlite", name="web", volume=volume, path="db.sqlite")


def folder_source(volume: str) -> FolderSource:
    return FolderSource(kind="folder", name="uploads", volume=volume)


@dataclass
class Server:
    """A Postgres server that jobs reach over a network of the Swarm."""

    steps: Steps
    image: str
    network: str
    secret: str
    container: Any
    made: int = 0

    def sql(self, text: str, database: str = "postgres") -> str:
        command = ["psql", "-U", WRITER, "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", text]
        return tell(self.container, *command).decode().strip()

    def databases_of(self, start: str) -> list[str]:
        """Return the databases whose names start so."""
        names = self.sql("SELECT datname FROM pg_database ORDER BY 1").splitlines()
        return [name for name in names if name.startswith(start)]

    def fresh(self) -> str:
        """Make an empty database and return its name."""
        self.made += 1
        name = f"crm_{self.made}x"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def source(self, database: str, **other: str) -> PostgresSource:
        given: dict[str, Any] = {
            "kind": "postgres",
            "name": "crm",
            "image": self.image,
            "network": self.network,
            "host": "partb-postgres",
            "user": WRITER,
            "database": database,
            "password_secret": self.secret,
        }
        return PostgresSource(**{**given, **other})


@contextmanager
def serving() -> Iterator[Server]:
    """Start a Postgres server, and take it away with its network and secret."""
    client = docker.DockerClient(base_url=SOCKET, timeout=60)
    steps = Steps(name=f"steps-{uuid.uuid4().hex[:8]}", client=client)
    image = image_ref("postgres")
    network = steps.client.networks.create(
        f"{steps.name}-net", driver="overlay", attachable=True, labels=steps.labels
    )
    swarm = Swarm(client)
    secret = swarm.create_secret(f"{steps.name}-password", DATABASE_PASSWORD, steps.labels)
    made = steps.client.containers.create(
        image,
        environment={
            "POSTGRES_USER": WRITER,
            "POSTGRES_PASSWORD_FILE": "/run/password",
            "POSTGRES_DB": "crm",
        },
        network=f"{steps.name}-net",
        labels=steps.labels,
        networking_config={
            f"{steps.name}-net": steps.api.create_endpoint_config(aliases=["partb-postgres"])
        },
    )
    try:
        made.put_archive("/run", _archive("password", DATABASE_PASSWORD))
        made.start()
        server = Server(steps, image, f"{steps.name}-net", f"{steps.name}-password", made)
        until = time.monotonic() + 60
        while made.exec_run(["pg_isready", "-q", "-h", "127.0.0.1"])[0] != 0:
            assert time.monotonic() < until, made.logs().decode()
            time.sleep(0.3)
        yield server
    finally:
        made.remove(force=True, v=True)
        for service in steps.services():
            steps.api.remove_service(service["ID"])
        for _ in range(60):
            try:
                network.remove()
                break
            except docker.errors.APIError:  # a task may still be leaving it
                time.sleep(0.5)
        swarm.remove_secret(secret)
        client.close()


def _archive(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text), 0o644
        archive.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


@contextmanager
def wrapped(server: Server, program: str, script: str) -> Iterator[str]:
    """Make an image whose `program` is a script that may call the real one as `real-…`."""
    tag = f"127.0.0.1:5000/{server.steps.name}:{program.replace('_', '-')}"
    path = "/usr/lib/postgresql/15/bin"
    lines = (
        f"FROM {server.image}\n"
        f"RUN mv {path}/{program} {path}/real-{program}\n"
        f"COPY {program} {path}/{program}\n"
    )
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text, mode in (("Dockerfile", lines, 0o644), (program, script, 0o755)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), mode
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    server.steps.client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    try:
        yield tag
    finally:
        for service in server.steps.services():
            server.steps.api.remove_service(service["ID"])
        server.steps.client.images.remove(tag, force=True)
