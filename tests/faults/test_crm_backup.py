"""Releases of the CRM whose backup cannot be made or is not whole: nothing else happens."""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest

from local.images.build.registry import push
from tests.engine.stack import Stack, images
from tests.faults.crm import Crm
from tests.faults.scorecard import Row

pytestmark = pytest.mark.engine

_BIN = "/usr/lib/postgresql/15/bin"
_LACKS_ROWS = f"""#!/bin/bash
exec {_BIN}/real-pg_dump "$@" --exclude-table-data=public.messages
"""


@contextmanager
def full_disk(stack: Stack) -> Iterator[None]:
    """Lay a disk of 64 KiB over the volume of the backups while the block runs."""
    place = stack.docker.volumes.get(f"{stack.name}_backups").attrs["Mountpoint"]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def server_whose_dump_lacks_rows() -> str:
    """Build and push the database server with another pg_dump; return its reference."""
    path = f"{_BIN}/pg_dump"
    lines = f"FROM {images()['postgres']}\nRUN mv {path} {_BIN}/real-pg_dump\nCOPY pg_dump {path}\n"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text, mode in (("Dockerfile", lines, 0o644), ("pg_dump", _LACKS_ROWS, 0o755)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), mode
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    client = docker.from_env()
    try:
        built, _ = client.images.build(fileobj=context, custom_context=True, rm=True)
        return push(client, built, name="postgres", tag="fault-lacks-rows")
    finally:
        client.close()


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, marks=pytest.mark.fault("disk full in the backup", mode))
        for mode in ("online", "offline")
    ],
)
def test_without_room_for_a_backup_nothing_is_migrated(served: Crm, row: Row, mode: str) -> None:
    with full_disk(served.stack):
        failed = served.try_out(row, f"full-{mode}")
    assert row.ended == "refused"
    assert "failed at backup: refused" in failed.report
    assert row.traffic is not None
    assert row.traffic.lost == []
    assert "There is no proven backup of database" in failed.report
    assert "No space left on device" in failed.report or "free" in failed.report
    served.must_be_pending()
    # The same digest goes through as soon as there is room.
    done = served.up()
    assert done.code == 0, done.output
    assert served.build() == f"full-{mode}"
    assert served.rows_lost() == []
    row.ended += ", then the same digest with room on the disk"


@pytest.mark.fault("backup that restores with missing rows", "online")
def test_a_backup_that_lacks_rows_is_no_backup(served: Crm, row: Row) -> None:
    key = ("--path", "estate:crm.postgres.image")
    # The backup is made on the database image of the stack file, before that may replace the old.
    served.stack.engine.ask("config", "set", *key, server_whose_dump_lacks_rows())
    try:
        failed = served.try_out(row, "lacks-rows")
        served.must_be_pending()
    finally:
        served.stack.engine.ask("config", "set", *key, images()["postgres"])
    assert row.ended == "refused"
    assert "failed at backup: refused" in failed.report
    assert re.search(r"public\.messages: \d+ rows, copy 0", failed.report)
    assert row.traffic is not None
    assert row.traffic.lost == []
    served.mend(row, "after-lacks-rows")
