from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from steps import backups
from steps.backups import RefusedError
from tests.steps.backup_ground import DATABASE_PASSWORD, Ground, serving, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.steps.backup_ground import Server
    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

TABLES = """
CREATE SCHEMA "Old data";
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE organizations
  (id serial PRIMARY KEY, name text UNIQUE, made timestamptz DEFAULT now());
CREATE TABLE messages
  (id bigserial PRIMARY KEY, organization int NOT NULL REFERENCES organizations,
  text text, mood mood, data jsonb, raw bytea, price numeric);
CREATE TABLE "Old data"."odd ""name" (x float);
CREATE TABLE parted (day date) PARTITION BY RANGE (day);
CREATE TABLE parted_2026 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW loud AS SELECT upper(text) FROM messages;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
INSERT INTO organizations (name) VALUES ('one'), ('two');
INSERT INTO messages (organization, text, mood, data, raw, price)
  SELECT 1 + n % 2, 'text ' || n, 'good', '{"n": 1.50}', '\\x00ff', n / 7.0
  FROM generate_series(1, 400) n;
INSERT INTO "Old data"."odd ""name" VALUES (0.1), ('NaN'), (NULL);
INSERT INTO parted VALUES ('2026-11-22');
"""
LACKS_ROWS = '#!/bin/bash\nexec real-pg_dump "$@" --exclude-table-data=public.messages\n'
COUNT = "SELECT count(*) || ' ' || sum(id) FROM messages"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def prepared(steps: Steps, server: Server, tables: str = TABLES, **other: str) -> Ground:
    database = server.fresh()
    if tables:
        server.sql(tables, database)
    source = server.source(database, **other)
    return Ground(steps, steps.volume("backups"), (source,))


def database_of(ground: Ground) -> str:
    return str(ground.sources[0].database)  # type: ignore[union-attr]  # Postgres in this file


def refusal(ground: Ground, release: str = "r2") -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        ground.take(release)
    assert DATABASE_PASSWORD not in str(caught.value)
    return caught.value


def test_rows_that_were_deleted_come_back(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    before = server.sql(COUNT, database)
    copy = ground.take()
    assert copy.tables == {
        '"Old data"."odd ""name"': 3,
        "public.messages": 400,
        "public.organizations": 2,
        "public.parted_2026": 1,
    }
    assert copy.proof.startswith("restored into a server of its own")
    server.sql("DELETE FROM messages; DROP VIEW loud; DROP TABLE parted", database)
    restored = ground.restore(copy.file)
    assert server.sql(COUNT, database) == before
    assert server.sql("SELECT count(*) FROM loud", database) == "400"
    assert server.sql("INSERT INTO organizations (name) VALUES ('x') RETURNING id", database) == "3"
    assert server.sql("SELECT count(*) FROM messages", restored.replaced) == "0"
    assert [one.file for one in ground.catalog()] == [copy.file]
    assert steps.services() == []


def test_what_is_written_during_the_dump_does_not_matter(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    database, stop = database_of(ground), threading.Event()
    written = []

    def write() -> None:
        while not stop.is_set():
            server.sql("INSERT INTO messages (organization, text) VALUES (1, 'later')", database)
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with wrapped(server, "pg_dump", '#!/bin/bash\nsleep 1; exec real-pg_dump "$@"\n') as image:
            slow = Ground(steps, ground.volume, (server.source(database, image=image),))
            copy = slow.take()
    finally:
        stop.set()
        thread.join(timeout=60)
    assert 400 < copy.tables["public.messages"] < 400 + len(written)


def test_a_dump_that_lacks_rows_is_refused_and_older_copies_stay(
    steps: Steps, server: Server
) -> None:
    ground = prepared(steps, server)
    ground.keep = 1
    first = ground.take()
    with wrapped(server, "pg_dump", LACKS_ROWS) as image:
        ground.sources = (server.source(database_of(ground), image=image),)
        error = refusal(ground)
    assert error.code == "differs"
    assert "public.messages: 400 rows, copy 0" in error.why
    assert ground.files() == sorted([
        ".lock",
        "catalog.json",
        "crm/.lock",
        f"crm/{first.file}",
        f"crm/{first.file}.json",
    ])


@pytest.mark.long
def test_a_dump_that_lacks_a_table_is_refused(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    script = '#!/bin/bash\nexec real-pg_dump "$@" --exclude-table=public.parted_2026\n'
    with wrapped(server, "pg_dump", script) as image:
        ground.sources = (server.source(database_of(ground), image=image),)
        error = refusal(ground)
    assert error.code == "differs"
    assert "public.parted_2026: 1 rows, copy none" in error.why


def test_a_restored_row_of_other_content_is_seen(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    script = (
        '#!/bin/bash\nreal-pg_restore "$@" || exit\n[[ $* == *--list* ]] || '
        "psql -d proof -qc \"UPDATE public.messages SET text = 'forged' WHERE id = 7\"\n"
    )
    with wrapped(server, "pg_restore", script) as image:
        ground.sources = (server.source(database_of(ground), image=image),)
        error = refusal(ground)
    assert error.code == "differs"
    assert "public.messages: as many rows, other content" in error.why


@pytest.mark.long
def test_a_schema_that_lost_a_view_is_seen(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    script = (
        '#!/bin/bash\nreal-pg_restore "$@" || exit\n'
        "[[ $* == *--list* ]] || psql -d proof -qc 'DROP VIEW public.loud'\n"
    )
    with wrapped(server, "pg_restore", script) as image:
        ground.sources = (server.source(database_of(ground), image=image),)
        error = refusal(ground)
    assert error.code == "differs"
    assert "schema" in error.why


def test_policies_and_extensions_of_the_live_server_do_not_break_the_proof(
    steps: Steps, server: Server
) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    server.sql(
        "CREATE ROLE auditor; CREATE POLICY seen ON messages TO auditor USING (true)", database
    )
    server.sql("ALTER TABLE parted OWNER TO auditor; GRANT SELECT ON messages TO auditor", database)
    server.sql(f"ALTER DATABASE {database} SET search_path = 'public', \"Old data\"", database)
    # As an extension that only the live server can load.
    folder = "/usr/share/postgresql/15/extension"
    fake = (
        f"printf \"default_version = '1'\\n\" >{folder}/live_only.control; "
        f"echo 'CREATE FUNCTION live_only() RETURNS int LANGUAGE sql AS $$SELECT 1$$;' "
        f">{folder}/live_only--1.sql"
    )
    assert server.container.exec_run(["bash", "-c", fake], user="root")[0] == 0
    server.sql("CREATE EXTENSION live_only; CREATE EXTENSION IF NOT EXISTS plpgsql", database)
    copy = ground.take()
    assert "without the extensions live_only" in copy.proof
    ground.restore(copy.file)
    assert server.sql("SELECT live_only()", database) == "1"
    assert (
        server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'parted'", database)
        == "auditor"
    )
    assert server.sql("SHOW search_path", database) == 'public, "Old data"'


@pytest.mark.long
def test_rows_come_back_without_their_owner_if_that_role_is_gone(
    steps: Steps, server: Server
) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    server.sql("CREATE ROLE gone; ALTER TABLE parted OWNER TO gone", database)
    copy = ground.take()
    server.sql("DROP OWNED BY gone; DROP ROLE gone", database)
    restored = ground.restore(copy.file)
    assert 'role "gone" does not exist' in restored.note
    assert server.sql("SELECT count(*) FROM parted", database) == "1"


def test_a_new_database_is_absent_and_a_lost_one_is_not(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server, tables="")
    assert ground.take().state == "absent"
    server.sql(TABLES, database_of(ground))
    copy = ground.take()
    server.sql('DROP SCHEMA public CASCADE; DROP SCHEMA "Old data" CASCADE', database_of(ground))
    error = refusal(ground)
    assert error.code == "missing"
    assert copy.file in error.why


def test_a_rehearsal_proves_a_copy_and_keeps_nothing(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    copy = ground.take()
    kept = ground.files()
    ground.rehearse()
    assert ground.files() == kept
    with wrapped(server, "pg_dump", LACKS_ROWS) as image:
        ground.sources = (server.source(database_of(ground), image=image),)
        with pytest.raises(RefusedError) as caught:
            ground.rehearse()
    assert caught.value.code == "differs"
    assert ground.catalog() == (copy,)


def test_a_wrong_password_is_named_and_not_shown(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    name = f"{steps.name}-other"
    ground.swarm.create_secret(name, "wrong-password", steps.labels)
    ground.sources = (server.source(database_of(ground), password_secret=name),)
    error = refusal(ground)
    assert error.code == "password"
    assert "wrong-password" not in str(error)
    assert DATABASE_PASSWORD not in str(steps.services())


def test_a_database_that_does_not_answer_is_named(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server, host="partb-nobody")
    error = refusal(ground)
    assert error.code == "unreachable"
    assert "partb-nobody:5432" in error.why


def test_a_full_disk_is_seen_before_anything_is_written(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    ground.volume = steps.volume("small", {"type": "tmpfs", "device": "tmpfs", "o": "size=3m"})
    error = refusal(ground)
    assert error.code == "disk full"
    assert "the copy needs" in error.why


def test_a_killed_backup_counts_for_nothing_and_the_next_run_is_whole(
    steps: Steps, server: Server
) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    slow = '#!/bin/bash\nreal-pg_dump "$@" && sleep 300\n'
    with wrapped(server, "pg_dump", slow) as image:
        ground.sources = (server.source(database, image=image),)
        killer = threading.Thread(target=kill_when_partial, args=(ground,))
        killer.start()
        assert refusal(ground, "r1").code == "died"
        killer.join(timeout=60)
        assert any(name.endswith(".partial") for name in ground.files())
    ground.sources = (server.source(database),)
    copy = ground.take()
    assert ground.files() == sorted([
        ".lock",
        "catalog.json",
        "crm/.lock",
        f"crm/{copy.file}",
        f"crm/{copy.file}.json",
    ])


def kill_when_partial(ground: Ground) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        running = ground.running()
        if running and any(name.endswith(".partial") for name in ground.files()):
            ground.steps.client.containers.get(running[0]).kill("SIGKILL")
            return
        time.sleep(0.2)


def test_a_killed_restore_leaves_the_live_rows_and_can_be_run_again(
    steps: Steps, server: Server
) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    before = server.sql(COUNT, database)
    copy = ground.take()
    server.sql("DELETE FROM messages", database)
    slow = '#!/bin/bash\nreal-pg_restore "$@"; sleep 300\n'
    with wrapped(server, "pg_restore", slow) as image:
        ground.sources = (server.source(database, image=image),)
        killer = threading.Thread(target=kill_when_restoring, args=(ground, server, database))
        killer.start()
        with pytest.raises(RefusedError) as caught:
            ground.restore(copy.file)
        killer.join(timeout=60)
    assert caught.value.code == "died"
    assert server.sql("SELECT count(*) FROM messages", database) == "0"
    ground.sources = (server.source(database),)
    ground.restore(copy.file)
    assert server.sql(COUNT, database) == before
    assert server.databases_of(f"{database}_restoring") == []


def kill_when_restoring(ground: Ground, server: Server, database: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        running = ground.running()
        if running and server.databases_of(f"{database}_restoring"):
            time.sleep(1)
            ground.steps.client.containers.get(running[0]).kill("SIGKILL")
            return
        time.sleep(0.2)


def test_a_spoilt_copy_replaces_nothing(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    copy = ground.take()
    steps.python(f"open('/v0/crm/{copy.file}', 'ab').write(b'x')", ground.volume)
    with pytest.raises(RefusedError, match="not the file that was proven"):
        ground.restore(copy.file)
    assert server.sql("SELECT count(*) FROM messages", database_of(ground)) == "400"


@pytest.mark.long
def test_clients_are_cut_off_and_two_replaced_databases_stay(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    database = database_of(ground)
    copy = ground.take()
    for _ in range(3):
        server.container.exec_run(
            ["psql", "-U", "crm_user", "-d", database, "-c", "SELECT pg_sleep(300)"], detach=True
        )
        ground.restore(copy.file)
    assert len(server.databases_of(f"{database}_replaced_")) == 2


def test_only_the_newest_copies_stay_and_only_after_a_new_one(steps: Steps, server: Server) -> None:
    ground = prepared(steps, server)
    ground.keep = 2
    made = [ground.take(f"r{number}").file for number in range(3)]
    assert [
        one.file for one in backups.catalog(ground.swarm, ground.plan(), ground.context())
    ] == made[1:]
