from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.steps.conftest import SOCKET, image_ref

if TYPE_CHECKING:
    from tests.steps.conftest import Finished, Steps

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


def back_up(steps: Steps, data: str, backups: str, *, release: str, keep: int = 3) -> Finished:
    given: dict[str, Any] = {
        "docker": {"url": SOCKET},
        "job": {"name": steps.name, "image": image_ref("tools"), "labels": steps.labels},
        "backups_volume": backups,
        "keep": keep,
        "release": release,
        "databases": [{"name": "web", "volume": data, "path": "db.sqlite"}],
        "timeout_s": 60,
    }
    return steps.run("backup-sqlite", given)


def listing(steps: Steps, volume: str) -> dict[str, int]:
    code = (
        "import json, os; print(json.dumps({os.path.join(d, f): os.path.getsize(os.path.join(d, f))"
        " for d, _, names in os.walk('/v0') for f in names}))"
    )
    return dict(json.loads(steps.python(code, volume)))


def test_a_copy_of_a_live_database_is_proven_and_can_be_read_back(steps: Steps) -> None:
    data, backups = steps.volume("data"), steps.volume("backups")
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
    result = back_up(steps, data, backups, release="r1").result
    (database,) = result["databases"]
    assert database["state"] == "proven"
    assert database["rows"] == 500
    restored = steps.python(READ_BACK, backups)
    assert restored.strip() == "(500, 'n99')"
    assert steps.services() == []
    writer.remove(force=True)


def test_a_database_left_by_a_crash_is_backed_up_with_its_log(steps: Steps) -> None:
    data, backups = steps.volume("data"), steps.volume("backups")
    with pytest.raises(Exception, match="non-zero exit status 9"):
        steps.python(CREATE.format(rows=7) + LEAVE_OPEN, data)
    (database,) = back_up(steps, data, backups, release="r1").result["databases"]
    assert database["rows"] == 7


def test_no_database_yet_is_no_failure(steps: Steps) -> None:
    data, backups = steps.volume("data"), steps.volume("backups")
    ended = back_up(steps, data, backups, release="r1")
    assert ended.result["databases"] == [{"name": "web", "state": "absent", "seconds": 0.0}]
    assert "nothing to back up" in ended.err


def test_old_copies_go_only_after_the_new_one_is_proven(steps: Steps) -> None:
    data, backups = steps.volume("data"), steps.volume("backups")
    steps.python(CREATE.format(rows=1), data)
    first = back_up(steps, data, backups, release="r1", keep=1).result["databases"][0]
    steps.python("open('/v0/db.sqlite', 'wb').write(b'x' * 8192)", data)
    broken = back_up(steps, data, backups, release="r2", keep=1)
    assert broken.code == 1
    assert "There is no proven backup of web." in broken.err
    files = listing(steps, backups)
    assert f"/v0/web/{first['file']}" in files
    assert not [name for name in files if "partial" in name or "r2" in name]


def test_a_full_disk_is_named_and_leaves_no_partial_file(steps: Steps) -> None:
    data = steps.volume("data")
    backups = steps.volume("backups", {"type": "tmpfs", "device": "tmpfs", "o": "size=256k"})
    steps.python(CREATE.format(rows=40_000), data)
    ended = back_up(steps, data, backups, release="r1")
    assert ended.code == 1
    assert "disk full" in ended.err
    assert "Free space on the host" in ended.err


def test_a_database_that_vanished_is_a_failure(steps: Steps) -> None:
    data, backups = steps.volume("data"), steps.volume("backups")
    steps.python(CREATE.format(rows=1), data)
    assert back_up(steps, data, backups, release="r1").code == 0
    steps.python("import os; [os.unlink('/v0/' + name) for name in os.listdir('/v0')]", data)
    ended = back_up(steps, data, backups, release="r2")
    assert ended.code == 1
    assert "gone or empty, but 1 proven copies" in ended.err
