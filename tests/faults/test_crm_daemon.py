"""A Docker daemon that restarts in the middle of a release: a machine of its own, under load."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engine.network_namespace import Namespace, namespace
from tests.engine.releases import release
from tests.engine.stack import Stack, crm_config, wait_until
from tests.faults.crm import Crm, mode_of, used
from tests.faults.killing import at_work, bring_up
from tests.faults.scorecard import Row
from tests.faults.test_crm_killed import must_be_whole
from tests.hosts.docker_machine import Machine, machine
from tests.hosts.forwarding import forwarding

pytestmark = pytest.mark.engine

NAME, PORT = "fault8", 8397
PLACE = Namespace("fault8m", "10.231.8.2", "10.231.8.1")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Crm, Machine]]:
    folder = tmp_path_factory.mktemp("apart")
    with ExitStack() as held:
        place = held.enter_context(namespace(PLACE.name, PLACE.address, PLACE.gateway))
        made = held.enter_context(machine(place, folder / "machine"))
        made.docker.swarm.init(advertise_addr=PLACE.address)
        held.enter_context(forwarding(("127.0.0.1", PORT), (PLACE.address, PORT)))
        config = crm_config(NAME, port=PORT)
        config["hosts"]["here"] |= {"url": made.url, "node": made.name}
        config["crm"]["image"] = release("demo", image="crm")
        there = Stack(folder / "stack", NAME, config)
        there.docker.close()
        there.docker = made.docker
        there.must_up()
        yield held.enter_context(used(there, f"http://127.0.0.1:{PORT}")), made


@pytest.mark.parametrize(
    "phase",
    [
        pytest.param(phase, marks=pytest.mark.fault(f"Docker daemon restarts at {phase}", mode))
        for phase, mode in (("migrate", "offline"), ("switch", "online"))
    ],
)
def test_a_release_whose_daemon_restarts_is_ended_by_the_next(
    apart: tuple[Crm, Machine], row: Row, phase: str
) -> None:
    crm, made = apart
    build = f"restart-{phase}"
    crm.choose(release(build, image="crm"), mode_of(row))

    def begun() -> bool:
        attempt = crm.attempt() or {}
        return phase in attempt.get("dirty", ())

    with crm.under_load(build) as row.traffic:
        with at_work(crm.stack, begun, phase=phase):
            made.restart()
        first = crm.journal()["history"][-1]["result"]
        done = bring_up(crm.stack)
        assert done.code == 0, done.output
        wait_until(lambda: crm.serves(build), 180)
    must_be_whole(crm, row, build)
    row.ended = f"{first}, then released by the next up"
