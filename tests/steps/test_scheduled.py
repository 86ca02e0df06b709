"""The services that copy by the clock, as they run: a database that is asked for, and the store."""

from __future__ import annotations

import io
import json
import tarfile
import time
from typing import TYPE_CHECKING, Any

import pytest

from components.apps.copy_services import BEATS, answering_text
from steps import backups
from steps.backups import offsite
from steps.scripts.bundle import answering_program, service_program
from tests.steps.backup_ground import DATABASE_PASSWORD, PASSWORD, folder_source, serving
from tests.steps.conftest import Steps, image_ref
from tests.steps.s3_server import ACCESS, S3, SECRET, opened, s3_server
from tests.steps.test_offsite import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from tests.steps.backup_ground import Server

LIMIT_S = 240


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def s3(server: Server) -> Iterator[S3]:
    with s3_server(server.steps.client) as found:
        yield found


def begin(
    steps: Steps,
    image: str,
    command: list[str],
    files: dict[str, str],
    **given: Any,  # noqa: ANN401
) -> Container:
    """Start a container with secret files, as a task of a service has them."""
    container = steps.client.containers.create(
        image, command[1:], entrypoint=command[:1], labels=steps.labels, **given
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"secrets/{name}")
            entry.size, entry.mode = len(text.encode()), 0o444
            tar.addfile(entry, io.BytesIO(text.encode()))
    container.put_archive("/run", packed.getvalue())
    container.start()
    return container


def test_a_database_is_copied_by_the_clock_and_brought_off_the_machine(
    steps: Steps, server: Server, s3: S3
) -> None:
    database = server.fresh()
    server.sql("CREATE TABLE users (name text); INSERT INTO users VALUES ('a'), ('b')", database)
    uploads = steps.volume("uploads")
    steps.python("open('/v0/photo.jpg', 'w').write('pixels')", uploads)
    sources = (server.source(database), folder_source(uploads))
    volume, store = steps.volume("backups"), s3.store(steps.name)
    mounts = {volume: {"bind": "/backups"}, uploads: {"bind": "/sources/uploads", "mode": "ro"}}
    plan = {
        "schedule": "* * * * *",
        "root": "/backups",
        "keep": 1,
        "limit_s": LIMIT_S,
        "sources": [
            {"kind": "postgres", "name": "crm", "place": "/sources/crm", "file": None},
            {"kind": "folder", "name": "uploads", "place": "/sources/uploads", "file": None},
        ],
        "asked": ["crm"],
        "offsite": store.model_dump(),
    }
    text = answering_text(
        sources[0].model_dump(), {"postgres": answering_program("postgres_backup")}, keep=1
    )
    answering = begin(
        steps,
        server.image,
        ["bash", "/run/secrets/copies_answering"],
        {"copies_answering": text, "database_password": DATABASE_PASSWORD},
        volumes={volume: {"bind": "/backups"}},
        network=server.network,
    )
    clock = begin(
        steps,
        image_ref("tools"),
        ["python3", "/run/secrets/copies_program", json.dumps(plan)],
        {
            "copies_program": service_program(),
            "backup_password": PASSWORD,
            "offsite": json.dumps(opened()),
        },
        volumes=mounts,
    )
    written = outcome(steps, volume, [clock, answering])
    assert written["copies"]["success"]["bytes"] > 0

    machine = Machine(steps, volume, sources)
    assert {(copy.source, copy.release) for copy in machine.catalog()} == {
        ("crm", "scheduled"),
        ("uploads", "scheduled"),
    }
    for container in (clock, answering):
        assert container.exec_run(["sh", "-c", BEATS])[0] == 0
        container.stop(timeout=30)
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 0
        shown = json.dumps(container.attrs) + container.logs().decode()
        for secret in (ACCESS, SECRET, PASSWORD, DATABASE_PASSWORD, opened()["password"]):
            assert secret not in shown

    # A drill as on an empty machine: nothing but the store, the passwords and the images.
    new = Machine(steps, steps.volume("drill"), sources, job="drill")
    offsite.load(new.swarm, new.plan(), store, new.with_store())
    proven = backups.prove(new.swarm, new.plan(), new.context())
    assert [(copy.source, copy.compared) for copy in proven] == [
        ("crm", "schema, rows and content of 1 tables"),
        ("uploads", "content, owner and mode of 1 entries"),
    ]
    assert proven[0].tables == {"public.users": 2}


def outcome(steps: Steps, volume: str, containers: list[Container]) -> dict[str, Any]:
    """Wait until copies and the push off the machine have done well once."""
    read = "import glob; print(*map(lambda one: open(one).read(), glob.glob('/v0/runs.json')))"
    until = time.monotonic() + LIMIT_S
    while True:
        found: dict[str, Any] = json.loads(steps.python(read, volume).strip() or "{}")
        if all(found.get(kind, {}).get("success") for kind in ("copies", "offsite")):
            return found
        logs = "\n".join(one.logs().decode() for one in containers)
        failed = [one for one in found.values() if not one["last"]["ok"]]
        assert not failed, f"{failed}\n{logs}"
        assert time.monotonic() < until, f"{found}\n{logs}"
        time.sleep(1)
