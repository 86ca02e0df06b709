"""SQLite backups of databases that are in use, were left by a crash, are damaged or are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steps.backups import RefusedError
from tests.steps.backup_ground import Ground, sqlite_source
from tests.steps.conftest import image_ref

if TYPE_CHECKING:
    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

CREATE = (
    "import sqlite3; c = sqlite3.connect('/v0/db.sqlite'); c.execute('PRAGMA journal_mode=WAL');"
    "c.execute('CREATE TABLE users(id, name)');"
    "c.executemany('INSERT INTO users VALUES(?,?)', [(i, 'n%d' % i) for i in range({rows})]);"
    "c.commit()"
)
READ_BACK = (
    "import glob, sqlite3; (file,) = glob.glob('/v0/web/*.sqlite'); c = sqlite3.connect(file);"
    "print(c.execute('SELECT count(*), max(name) FROM users').fetchone())"
)
LEAVE_OPEN = "; import os; os._exit(9)"
SPOIL = "open('/v0/db.sqlite', 'wb').write(b'x' * 8192)"
REMOVE = "import os; [os.unlink('/v0/' + name) for name in os.listdir('/v0')]"


def prepared(
    steps: Steps, *, keep: int = 3, options: dict[str, str] | None = None
) -> tuple[Ground, str]:
    data = steps.volume("data")
    backups = steps.volume("backups", options)
    return Ground(steps, backups, (sqlite_source(data),), keep=keep), data


def test_a_copy_of_a_live_database_is_proven_and_can_be_read_back(steps: Steps) -> None:
    ground, data = prepared(steps)
    code = CREATE.format(rows=500) + "; print('ready', flush=True); import time; time.sleep(60)"
    writer = steps.client.containers.run(
        image_ref("tools"),
        ["-c", code],
        entrypoint="python3",
        volumes={data: {"bind": "/v0"}},
        labels=steps.labels,
        detach=True,
    )
    for _line in writer.logs(stream=True):
        break
    copy = ground.take()
    assert (copy.state, copy.tables) == ("proven", {"users": 500})
    assert steps.python(READ_BACK, ground.volume).strip() == "(500, 'n99')"
    assert steps.services() == []
    writer.remove(force=True)


def test_a_database_left_by_a_crash_is_backed_up_with_its_log(steps: Steps) -> None:
    ground, data = prepared(steps)
    with pytest.raises(Exception, match="non-zero exit status 9"):
        steps.python(CREATE.format(rows=7) + LEAVE_OPEN, data)
    assert ground.take().tables == {"users": 7}


def test_no_database_yet_is_no_failure(steps: Steps) -> None:
    ground, _data = prepared(steps)
    copy = ground.take()
    assert (copy.source, copy.state) == ("web", "absent")
    assert "nothing to back up" in ground.said.getvalue()


def test_old_copies_go_only_after_the_new_one_is_proven(steps: Steps) -> None:
    ground, data = prepared(steps, keep=1)
    steps.python(CREATE.format(rows=1), data)
    first = ground.take("r1")
    steps.python(SPOIL, data)
    with pytest.raises(RefusedError, match=r"There is no proven backup of web\."):
        ground.take("r2")
    files = ground.files()
    assert f"web/{first.file}" in files
    assert not [name for name in files if "partial" in name or "r2" in name]


def test_a_full_disk_is_named_and_leaves_no_partial_file(steps: Steps) -> None:
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=256k"}
    ground, data = prepared(steps, options=small)
    steps.python(CREATE.format(rows=40_000), data)
    with pytest.raises(RefusedError, match="disk full") as caught:
        ground.take()
    assert caught.value.code == "disk full"
    assert "Free space" in caught.value.todo


def test_a_database_that_vanished_is_a_failure(steps: Steps) -> None:
    ground, data = prepared(steps)
    steps.python(CREATE.format(rows=1), data)
    ground.take("r1")
    steps.python(REMOVE, data)
    with pytest.raises(RefusedError, match="gone or empty, but 1 proven copies"):
        ground.take("r2")
