from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import docker
import pytest

from steps.backups import RefusedError
from tests.steps.backup_ground import Ground, sqlite_source
from tests.steps.conftest import SOCKET

if TYPE_CHECKING:
    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

CREATE = (
    "import os, sqlite3; c = sqlite3.connect('/v0/db.sqlite');"
    "c.execute('PRAGMA journal_mode=WAL'); c.execute('CREATE TABLE users(id, name)');"
    "c.executemany('INSERT INTO users VALUES(?,?)', [(i, 'n%d' % i) for i in range(500)]);"
    "c.commit(); c.close(); os.chown('/v0/db.sqlite', 1000, 1001); os.chmod('/v0/db.sqlite', 0o604)"
)
SPOIL = (
    "import sqlite3; c = sqlite3.connect('/v0/db.sqlite'); c.execute('DELETE FROM users');"
    "c.commit(); c.close()"
)
COUNT = (
    "import sqlite3; c = sqlite3.connect('/v0/FILE');"
    "print(*c.execute('SELECT count(*) FROM users'))"
)
LOOK = (
    "import os, sqlite3; s = os.stat('/v0/db.sqlite'); c = sqlite3.connect('/v0/db.sqlite');"
    "print(s.st_uid, s.st_gid, oct(s.st_mode & 0o777),"
    "c.execute('PRAGMA journal_mode').fetchone()[0],"
    "c.execute('SELECT count(*), max(name) FROM users').fetchone())"
)
AS_IT_WAS = "1000 1001 0o604 wal (500, 'n99')"


def prepared(steps: Steps) -> tuple[Ground, str]:
    data = steps.volume("data")
    steps.python(CREATE, data)
    return Ground(steps, steps.volume("backups"), (sqlite_source(data),)), data


def test_a_deleted_row_comes_back_with_owner_mode_and_journal(steps: Steps) -> None:
    ground, data = prepared(steps)
    copy = ground.take()
    assert (copy.state, copy.kind, copy.tables) == ("proven", "sqlite", {"users": 500})
    steps.python(SPOIL, data)
    restored = ground.restore(copy.file)
    assert steps.python(LOOK, data).strip() == AS_IT_WAS
    assert steps.python(COUNT.replace("FILE", restored.replaced), data).strip() == "(0,)"
    assert [one.file for one in ground.catalog()] == [copy.file]


def test_a_copy_that_was_changed_afterwards_replaces_nothing(steps: Steps) -> None:
    ground, data = prepared(steps)
    copy = ground.take()
    steps.python(f"open('/v0/web/{copy.file}', 'r+b').write(b'another file')", ground.volume)
    with pytest.raises(RefusedError, match="not the file that was proven") as caught:
        ground.restore(copy.file)
    assert caught.value.code == "damaged"
    assert steps.python(LOOK, data).strip() == AS_IT_WAS


def test_an_unknown_copy_is_refused_by_name(steps: Steps) -> None:
    ground, _data = prepared(steps)
    copy = ground.take()
    with pytest.raises(RefusedError, match=copy.file) as caught:
        ground.restore("20200101T000000Z-r0.sqlite")
    assert caught.value.code == "unknown copy"


def test_two_runs_at_once_make_two_whole_copies(steps: Steps) -> None:
    ground, _data = prepared(steps)
    client = docker.DockerClient(base_url=SOCKET, timeout=60)
    other = Ground(replace(steps, client=client), ground.volume, ground.sources, job="other")
    thread = threading.Thread(target=other.take, args=("r2",))
    thread.start()
    ground.take("r1")
    thread.join(timeout=90)
    client.close()
    kept = ground.catalog()
    assert sorted(one.release for one in kept) == ["r1", "r2"]
    assert all(one.tables == {"users": 500} for one in kept)
