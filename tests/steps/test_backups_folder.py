from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from steps import backups
from steps.backups import RefusedError
from tests.steps.backup_ground import Ground, folder_source, sqlite_source

if TYPE_CHECKING:
    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

FILL = (
    "import os; os.makedirs('/v0/a/b', exist_ok=True); open('/v0/a/b/one', 'w').write('first');"
    "open('/v0/two', 'w').write('second'); os.chown('/v0/two', 1000, 1000);"
    "os.chmod('/v0/two', 0o640); os.symlink('two', '/v0/link')"
)
SPOIL = (
    "import os; os.unlink('/v0/a/b/one'); open('/v0/two', 'w').write('x');"
    "open('/v0/new', 'w').write('y')"
)
LOOK = (
    "import os; s = os.stat('/v0/two'); print(open('/v0/a/b/one').read(), open('/v0/two').read(),"
    "s.st_uid, oct(s.st_mode & 0o777), os.readlink('/v0/link'),"
    "sorted(name for name in os.listdir('/v0') if name[0] != '.'))"
)
AS_IT_WAS = "first second 1000 0o640 two ['a', 'link', 'two']"


def prepared(steps: Steps) -> tuple[Ground, str]:
    data = steps.volume("uploads")
    steps.python(FILL, data)
    return Ground(steps, steps.volume("backups"), (folder_source(data),)), data


def test_files_that_were_spoilt_come_back_and_the_replaced_ones_stay(steps: Steps) -> None:
    ground, data = prepared(steps)
    copy = ground.take()
    assert (copy.state, copy.tables, copy.bytes) == ("proven", {}, 11)
    assert "5 of 5 entries" in copy.proof
    steps.python(SPOIL, data)
    restored = ground.restore(copy.file)
    assert steps.python(LOOK, data).strip() == AS_IT_WAS
    assert steps.python(f"print(open('/v0/{restored.replaced}/new').read())", data).strip() == "y"
    again = ground.take("r2")
    assert again.bytes == 11  # what was replaced is not backed up
    assert [one.file for one in ground.catalog()] == [copy.file, again.file]


def test_a_file_that_is_written_meanwhile_is_reported_and_the_rest_is_proven(steps: Steps) -> None:
    ground, data = prepared(steps)
    writer = steps.client.containers.run(
        ground.plan().job.image,
        ["-c", "import time\nwhile 1:\n open('/v0/log', 'a').write('line\\n'); time.sleep(0.01)"],
        entrypoint="python3",
        volumes={data: {"bind": "/v0"}},
        labels=steps.labels,
        detach=True,
    )
    try:
        time.sleep(1)
        copy = ground.take()
    finally:
        writer.remove(force=True)
    assert "1 changed meanwhile: log" in copy.proof


def test_another_password_opens_nothing_and_removes_nothing(steps: Steps) -> None:
    ground, _data = prepared(steps)
    copy = ground.take()
    with pytest.raises(RefusedError) as caught:
        ground.take("r2", password="another-password")
    assert caught.value.code == "password"
    assert [one.file for one in ground.catalog()] == [copy.file]


def test_an_emptied_folder_is_a_failure_and_a_new_one_is_not(steps: Steps) -> None:
    data = steps.volume("uploads")
    ground = Ground(steps, steps.volume("backups"), (folder_source(data),))
    assert ground.take().state == "absent"
    steps.python(FILL, data)
    ground.take()
    steps.python(
        "import shutil, os; shutil.rmtree('/v0/a'); os.unlink('/v0/two'); os.unlink('/v0/link')",
        data,
    )
    with pytest.raises(RefusedError) as caught:
        ground.take()
    assert caught.value.code == "missing"


def test_a_full_disk_is_named(steps: Steps) -> None:
    ground, data = prepared(steps)
    ground.volume = steps.volume("small", {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"})
    steps.python("import os; open('/v0/big', 'wb').write(os.urandom(3_000_000))", data)
    with pytest.raises(RefusedError) as caught:
        ground.take()
    assert caught.value.code == "disk full"


def test_a_killed_run_leaves_no_lock_and_only_proven_snapshots_stay(steps: Steps) -> None:
    ground, data = prepared(steps)
    ground.keep = 2
    ground.take("r0")
    steps.python("import os; open('/v0/big', 'wb').write(os.urandom(400_000_000))", data)
    killer = threading.Thread(target=kill_when_locked, args=(ground,))
    killer.start()
    with pytest.raises(RefusedError) as caught:
        ground.take("r1")
    killer.join(timeout=60)
    assert caught.value.code == "died"
    steps.python("import os; os.unlink('/v0/big')", data)
    kept = [ground.take("r2").file, ground.take("r3").file]
    assert [one.file for one in ground.catalog()] == kept
    listed = steps.python("import os; print(os.listdir('/v0/restic/snapshots'))", ground.volume)
    assert sorted(kept) == sorted(listed.strip("[]\n").replace("'", "").split(", "))


def kill_when_locked(ground: Ground) -> None:
    code = "import os; print(len(os.listdir('/v0/restic/locks')))"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (running := ground.running()) and ground.steps.python(
            code, ground.volume
        ).strip() != "0":
            ground.steps.client.containers.get(running[0]).kill("SIGKILL")
            return
        time.sleep(0.1)


def test_sqlite_and_folder_are_one_backup(steps: Steps) -> None:
    ground, data = prepared(steps)
    steps.python(
        "import sqlite3; c = sqlite3.connect('/v0/db.sqlite'); c.execute('CREATE TABLE t(x)')", data
    )
    ground.sources = (sqlite_source(data), folder_source(data))
    taken = backups.take(ground.swarm, ground.plan(), ground.context())
    assert [(one.source, one.kind, one.state) for one in taken] == [
        ("web", "sqlite", "proven"),
        ("uploads", "folder", "proven"),
    ]
    assert ground.catalog() == taken
    kept = ground.files()
    ground.rehearse()
    assert ground.files() == kept
    assert ground.catalog() == taken
