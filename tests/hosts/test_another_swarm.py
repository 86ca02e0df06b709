"""A backup that was taken here brings an application back on another, empty Swarm."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.network_namespace import Namespace, namespace
from tests.engine.operations import Operations, Visitor
from tests.engine.releases import release
from tests.engine.stack import Stack, crm_config, stack
from tests.faults.crm import Crm, used
from tests.hosts.docker_machine import machine
from tests.hosts.forwarding import forwarding

pytestmark = pytest.mark.engine

# The same names on both: it is the same application, that has lost its host.
NAME, HERE_PORT, THERE_PORT = "hand2", 8374, 8376
APP = ("--app", NAME)
PLACE = Namespace("hand2m", "10.231.9.2", "10.231.9.1")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_ROWS = """SELECT count(*), md5(string_agg(one::text, ',' ORDER BY one::text)) FROM "…" AS one"""


@dataclass(frozen=True)
class Side:
    """The application in one of the two Swarms."""

    crm: Crm
    ops: Operations
    visitor: Visitor

    @classmethod
    def of(cls, made: Stack, crm: Crm) -> "Side":
        return cls(crm, Operations(made), Visitor(made))

    def tables(self) -> dict[str, str]:
        """Table → number and checksum of its rows."""
        names = self.crm.sql(_TABLES).splitlines()
        return {name: self.crm.sql(_ROWS.replace("…", name)) for name in names}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    config = crm_config(NAME, port=HERE_PORT)
    config["crm"]["image"] = release("demo", image="crm")
    with (
        stack(tmp_path_factory.mktemp("here"), NAME, config) as made,
        used(made, f"http://127.0.0.1:{HERE_PORT}") as crm,
    ):
        made.must_up()
        yield Side.of(made, crm)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, here: Side) -> Iterator[Side]:
    """The same on an empty Swarm; of the secrets only that of the repository is the same."""
    folder = tmp_path_factory.mktemp("there")
    config = crm_config(NAME, port=THERE_PORT)
    config["crm"]["image"] = release("second", image="crm")
    config["backupSecrets"]["RESTIC_PASSWORD"] = here.crm.secrets["backupSecrets.RESTIC_PASSWORD"]
    with ExitStack() as held:
        place = held.enter_context(namespace(PLACE.name, PLACE.address, PLACE.gateway))
        far = held.enter_context(machine(place, folder / "machine"))
        far.docker.swarm.init(advertise_addr=PLACE.address)
        held.enter_context(forwarding(("127.0.0.1", THERE_PORT), (PLACE.address, THERE_PORT)))
        config["hosts"]["here"] |= {"url": far.url, "node": far.name}
        made = Stack(folder / "stack", NAME, config)
        made.docker.close()
        made.docker = far.docker
        crm = held.enter_context(used(made, f"http://127.0.0.1:{THERE_PORT}"))
        made.must_up()
        yield Side.of(made, crm)


def test_a_saved_backup_brings_everything_back_on_another_empty_swarm(
    here: Side, there: Side, tmp_path: Path
) -> None:
    content = os.urandom(300_000)
    name = here.visitor.send(content)
    here.visitor.write(*(f"written at home {n}, não está lá" for n in range(20)))
    here.crm.must_serve("second")
    wanted, file = here.tables(), tmp_path / "saved.tar"
    assert wanted["messages"].startswith("20|")
    assert there.tables()["messages"].startswith("0|")

    saved = here.ops.must("backups", *APP, "--save", str(file))
    assert "every checksum compared" in saved.out
    assert file.stat().st_mode & 0o777 == 0o600
    again = here.ops.run("backups", *APP, "--save", str(file))
    assert again.code == 1
    assert "cannot be made" in again.error

    loaded = there.ops.must("backups", *APP, "--load", str(file))
    assert f"next: make restore STACK={NAME} APP={NAME} FROM=latest" in loaded.out
    assert there.ops.must("backups", "--json").out == here.ops.must("backups", "--json").out
    assert there.tables()["messages"].startswith("0|")

    there.ops.must("restore", *APP, "--from", "latest", "--force")
    assert there.crm.build() == "second"
    assert there.tables() == wanted
    assert there.visitor.fetch(name) == content
    there.visitor.write("and it goes on from there")
    assert there.tables()["messages"].startswith("21|")
    assert there.crm.stack.drift() == ()
    preview = there.crm.stack.run("preview", "--expect-no-changes")
    assert preview.code == 0, preview.output

    assert here.tables() == wanted
    said = [one.out + one.error for one in (*here.ops.said, *there.ops.said)]
    for side in (here, there):
        for secret in side.crm.secrets.values():
            assert not any(secret in one for one in said)
