"""The volume of the backups into a real S3 store, and back onto an empty machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import docker
import pytest

from steps import backups
from steps.backups import RefusedError, offsite
from steps.context import Context
from steps.redact import Redactor, texts_in
from tests.steps.backup_ground import PASSWORD as FOLDERS_PASSWORD
from tests.steps.backup_ground import Ground, folder_source, sqlite_source
from tests.steps.conftest import SOCKET, Steps
from tests.steps.s3_server import ACCESS, BUCKET, PASSWORD, S3, SECRET, opened, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW = "canary-row-of-a-customer"
FILL = """
import os, sqlite3
base = sqlite3.connect("/v0/db.sqlite")
base.execute("CREATE TABLE users (name TEXT)")
base.executemany("INSERT INTO users VALUES (?)", [("ROW",)] * 250)
base.commit()
os.makedirs("/v1/deep")
open("/v1/deep/photo.jpg", "w").write("ROW" * 100)
os.chmod("/v1/deep/photo.jpg", 0o640)
os.chown("/v1/deep/photo.jpg", 1234, 99)
"""
MORE = """
import sqlite3
base = sqlite3.connect("/v0/db.sqlite")
base.execute("INSERT INTO users VALUES ('one more')")
base.commit()
"""
LOOK = """
import json, os, sqlite3
rows = sqlite3.connect("/v0/db.sqlite").execute("SELECT name, count(*) FROM users GROUP BY 1")
seen = os.stat("/v1/deep/photo.jpg")
print(json.dumps([rows.fetchall(), open("/v1/deep/photo.jpg").read(), seen.st_mode & 0o777,
                  seen.st_uid, seen.st_gid]))
"""
BREAK = """
import glob
(one,) = glob.glob("/v0/web/*.sqlite")
data = bytearray(open(one, "rb").read())
data[-1] ^= 1
open(one, "wb").write(data)
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    client = docker.DockerClient(base_url=SOCKET, timeout=60)
    with s3_server(client) as server:
        yield server
    client.close()


class Machine(Ground):
    """A volume of backups with a web database and uploads, and the store that it is pushed to."""

    def with_store(self, **other: str) -> Context:
        secrets = {"backup_password": FOLDERS_PASSWORD, "offsite": opened(**other)}
        return Context(secrets=secrets, redactor=Redactor(texts_in(secrets)), stderr=self.said)

    def push(self, store: backups.OffsiteStore, *, adopt: bool = False) -> backups.Pushed:
        return offsite.push(self.swarm, self.plan(), store, self.with_store(), adopt=adopt)

    def load(self, store: backups.OffsiteStore, **given: Any) -> backups.Loaded:  # noqa: ANN401
        return offsite.load(self.swarm, self.plan(), store, self.with_store(), **given)

    def take_all(self, release: str) -> tuple[backups.Copy, ...]:
        return backups.take(self.swarm, self.plan(release), self.context())


def machine(steps: Steps, name: str) -> Machine:
    web, uploads = steps.volume(f"{name}-web"), steps.volume(f"{name}-uploads")
    sources = (sqlite_source(web), folder_source(uploads))
    return Machine(steps, steps.volume(f"{name}-backups"), sources, job=f"{name}-backup")


def filled(steps: Steps, name: str) -> Machine:
    made = machine(steps, name)
    steps.python(
        FILL.replace("ROW", ROW), f"{steps.name}-{name}-web", f"{steps.name}-{name}-uploads"
    )
    made.take_all("r1")
    return made


def live(steps: Steps, name: str) -> list[Any]:
    found: list[Any] = json.loads(
        steps.python(LOOK, f"{steps.name}-{name}-web", f"{steps.name}-{name}-uploads")
    )
    return found


@pytest.mark.long
def test_what_was_pushed_comes_back_on_an_empty_machine(steps: Steps, s3: S3) -> None:
    old, store = filled(steps, "old"), s3.store(steps.name)
    first = old.push(store)
    steps.python(MORE, f"{steps.name}-old-web")
    old.take_all("r2")
    second = old.push(store)
    assert (first.copies, second.copies) == (2, 4)
    there = offsite.snapshots(old.swarm, old.plan(), store, old.with_store())
    # One a day stays: the second took the place of the first, and was proven before.
    assert [one[:8] for one, _ in there] == [second.snapshot]

    new = machine(steps, "new")
    loaded = new.load(store)
    assert (loaded.copies, loaded.aside) == (4, "")
    assert new.catalog() == old.catalog()
    newest = {copy.source: copy.file for copy in new.catalog()}
    backups.restore(new.swarm, new.plan(), newest, new.context())
    assert live(steps, "new") == live(steps, "old")
    assert [copy.compared for copy in backups.prove(new.swarm, new.plan(), new.context())] == [
        "integrity, schema, and rows of 1 tables",
        "content, owner and mode of 2 entries",
    ]
    # The new machine goes on where the old one stopped.
    new.take_all("r3")
    assert new.push(store).copies == 6

    assert not s3.holds(ROW), "the store holds data in clear"
    shown = old.said.getvalue() + new.said.getvalue() + json.dumps(steps.services())
    for secret in (ACCESS, SECRET, PASSWORD, FOLDERS_PASSWORD):
        assert secret not in shown
    assert steps.secrets() == []


@pytest.mark.long
def test_every_refusal_has_its_own_words_and_leaves_everything_as_it_was(
    steps: Steps, s3: S3
) -> None:
    one, store = filled(steps, "one"), s3.store(steps.name)
    before = one.files()
    one.push(store)

    def code(place: backups.OffsiteStore, **secrets: str) -> str:
        with pytest.raises(RefusedError) as refused:
            offsite.push(one.swarm, one.plan(), place, one.with_store(**secrets))
        shown = refused.value.render()
        assert not [text for text in opened(**secrets).values() if text in shown]
        return refused.value.code

    assert code(store, password="another-password-of-the-store") == "password"
    assert code(store, secret_key="another-canary-secret-key") == "credentials"
    assert code(store, access_key="another-canary-access-key") == "credentials"
    assert code(s3.store(steps.name, bucket="no-such-bucket")) == "bucket"
    assert "no-such-bucket" not in s3.run("ls", "/s3")
    away = store.model_copy(update={"repository": "s3:http://127.0.0.1:9/team-backups/x"})
    assert code(away) == "unreachable store"
    with pytest.raises(RefusedError) as refused:
        one.load(store, snapshot="ffff")
    assert refused.value.code == "unknown snapshot"
    # Nothing of all this has left anything.
    assert sorted({*before, "offsite.json", ".offsite.lock"}) == one.files()

    other = filled(steps, "two")
    with pytest.raises(RefusedError) as refused:
        other.push(store)
    assert refused.value.code == "repository"
    assert "make backups LOAD=s3" in refused.value.render()
    with pytest.raises(RefusedError) as refused:
        other.load(store)
    assert refused.value.code == "mixed"
    mine = other.catalog()
    loaded = other.load(store, force=True)
    assert other.catalog() == one.catalog()
    aside = [name for name in other.files() if name.startswith(f"{loaded.aside}/web/")]
    assert f"{loaded.aside}/web/{mine[0].file}" in aside
    other.push(store)
    s3.run("rm", "-rf", f"/s3/{BUCKET}/{steps.name}")
    with pytest.raises(RefusedError, match="no longer in the bucket"):
        other.push(store)


@pytest.mark.long
def test_a_copy_that_was_changed_is_not_proven_off_the_machine(steps: Steps, s3: S3) -> None:
    one, store = filled(steps, "one"), s3.store(steps.name)
    steps.python(BREAK, one.volume)
    with pytest.raises(RefusedError) as refused:
        one.push(store)
    assert refused.value.code == "differs"
    with pytest.raises(RefusedError) as refused:
        backups.prove(one.swarm, one.plan(), one.context())
    assert (refused.value.code, refused.value.source) == ("damaged", "web")
