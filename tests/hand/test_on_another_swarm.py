"""A backup that was taken here brings an application back on another, empty Swarm."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.network_namespace import Namespace, namespace
from tests.engine.operations import Operations, Visitor
from tests.engine.releases import release
from tests.engine.stack import Stack, crm_config
from tests.faults.crm import Crm, used
from tests.hand.crm_by_hand import APP, NAME, Hand
from tests.hosts.docker_machine import machine
from tests.hosts.forwarding import forwarding

pytestmark = pytest.mark.engine

# The same name as here: it is the same application, that has lost its host.
PORT = 8376
PLACE = Namespace("hand1m", "10.231.9.2", "10.231.9.1")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_ROWS = """SELECT count(*), md5(string_agg(one::text, ',' ORDER BY one::text)) FROM "…" AS one"""


def tables(crm: Crm) -> dict[str, str]:
    """Table → number and checksum of its rows."""
    names = crm.sql(_TABLES).splitlines()
    return {name: crm.sql(_ROWS.replace("…", name)) for name in names}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, hand: Hand) -> Iterator[Crm]:
    """The same on an empty Swarm; of the secrets only that of the repository is the same."""
    folder = tmp_path_factory.mktemp("there")
    config = crm_config(NAME, port=PORT)
    config["crm"]["image"] = release("third", image="crm")
    config["backupSecrets"]["RESTIC_PASSWORD"] = hand.crm.secrets["backupSecrets.RESTIC_PASSWORD"]
    with ExitStack() as held:
        place = held.enter_context(namespace(PLACE.name, PLACE.address, PLACE.gateway))
        far = held.enter_context(machine(place, folder / "machine"))
        far.docker.swarm.init(advertise_addr=PLACE.address)
        held.enter_context(forwarding(("127.0.0.1", PORT), (PLACE.address, PORT)))
        config["hosts"]["here"] |= {"url": far.url, "node": far.name}
        made = Stack(folder / "stack", NAME, config)
        made.docker.close()
        made.docker = far.docker
        crm = held.enter_context(used(made, f"http://127.0.0.1:{PORT}"))
        made.must_up()
        yield crm


def test_a_saved_backup_brings_everything_back_on_another_empty_swarm(
    hand: Hand, there: Crm, tmp_path: Path
) -> None:
    here, file = hand.crm, tmp_path / "saved.tar"
    ops, visitor = Operations(there.stack), Visitor(there.stack)
    content = os.urandom(300_000)
    name = hand.visitor.send(content)
    hand.visitor.write(*(f"written at home {n}, não está lá" for n in range(20)))
    number = len(hand.messages)
    here.must_serve("third")
    wanted = tables(here)
    assert number >= 20
    assert wanted["messages"].startswith(f"{number}|")
    assert tables(there)["messages"].startswith("0|")

    saved = hand.ops.must("backups", *APP, "--save", str(file))
    assert "every checksum compared" in saved.out
    assert file.stat().st_mode & 0o777 == 0o600
    again = hand.ops.run("backups", *APP, "--save", str(file))
    assert again.code == 1
    assert "cannot be made" in again.error

    loaded = ops.must("backups", *APP, "--load", str(file))
    assert f"next: make restore STACK={NAME} APP={NAME} FROM=latest" in loaded.out
    assert ops.must("backups", "--json").out == hand.ops.must("backups", "--json").out
    assert tables(there)["messages"].startswith("0|")

    ops.must("restore", *APP, "--from", "latest", "--force")
    assert there.build() == "third"
    assert tables(there) == wanted
    assert visitor.fetch(name) == content
    visitor.write("and it goes on from there")
    assert tables(there)["messages"].startswith(f"{number + 1}|")
    assert there.stack.drift() == ()
    preview = there.stack.run("preview", "--expect-no-changes")
    assert preview.code == 0, preview.output

    assert tables(here) == wanted
    said = [one.out + one.error for one in (*hand.ops.said, *ops.said)]
    for crm in (here, there):
        for secret in crm.secrets.values():
            assert not any(secret in one for one in said)
