"""A Swarm of two machines: the edge on the manager, an application and its data on the worker."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import docker
import pytest

from tests.engine.network_namespace import Namespace, ip, namespace
from tests.engine.stack import Stack, tickets_config
from tests.hosts.docker_machine import Machine, machine
from tests.hosts.forwarding import forwarding

pytestmark = pytest.mark.engine

NAME, PORT = "far4", 8384
MANAGER = Namespace("far4m", "10.231.4.2", "10.231.4.1")
WORKER = Namespace("far4w", "10.231.6.2", "10.231.6.1")
# The cable between the two, on which the Swarm is.
CABLE = {MANAGER.name: "10.231.7.1", WORKER.name: "10.231.7.2"}
VOLUMES = {f"{NAME}_{part}" for part in ("sistema_db", "convex_data", "archives", "backups")}
JOBS = {f"{NAME}_{job}" for job in ("backup", "convex_backup", "migrate", "auth-seed")}
BESIDE_DATA = {
    *JOBS,
    f"{NAME}_convex-deploy",
    f"{NAME}_web",
    f"{NAME}_convex_backend",
    f"{NAME}_copies",
}


@dataclass
class Pair:
    """A stack over two machines."""

    stack: Stack
    manager: Machine
    worker: Machine


def two_hosts(manager: Machine, worker: Machine) -> dict[str, Any]:
    config = tickets_config(NAME, port=PORT, by_clock=True)
    address = {"address": "127.0.0.1"}
    config["hosts"] = {
        "m": {"url": manager.url, "node": manager.name, **address},
        "w": {"url": worker.url, "node": worker.name, "manager": "m", **address},
    }
    config["edge"]["host"] = "m"
    config["tickets"] |= {"host": "w", "dashboard": None}
    return config


def join(manager: Machine, worker: Machine) -> None:
    """Lay the cable and make one Swarm of both."""
    ip("link", "add", "eth1", "netns", manager.name,
       "type", "veth", "peer", "name", "eth1", "netns", worker.name)  # fmt: skip
    for name, address in CABLE.items():
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth1")
        ip("-n", name, "link", "set", "eth1", "up")
    home = CABLE[manager.name]
    manager.docker.swarm.init(advertise_addr=home, listen_addr=f"{home}:2377")
    manager.docker.swarm.reload()
    token = manager.docker.swarm.attrs["JoinTokens"]["Worker"]
    own = CABLE[worker.name]
    worker.docker.swarm.join([home], token, advertise_addr=own, listen_addr=f"{own}:2377")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with ExitStack() as held:
        places = [
            held.enter_context(namespace(one.name, one.address, one.gateway))
            for one in (MANAGER, WORKER)
        ]
        manager, worker = (
            held.enter_context(machine(place, folder / place.name)) for place in places
        )
        join(manager, worker)
        # What asks from outside asks this machine, as it asks the one machine of other tests.
        held.enter_context(forwarding(("127.0.0.1", PORT), (MANAGER.address, PORT)))
        for one in (manager, worker):
            one.watch()
        made = Stack(folder / "stack", NAME, two_hosts(manager, worker))
        made.docker.close()
        made.docker = manager.docker
        made.must_up()
        yield Pair(made, manager, worker)


def names_of_volumes(client: docker.DockerClient) -> set[str]:
    return {volume.name for volume in client.volumes.list() if volume.name.startswith(NAME)}


def test_every_name_answers_through_the_managers_edge(pair: Pair) -> None:
    for url in pair.stack.output("urls").values():
        domain = url.split("/")[2].partition(":")[0]
        assert pair.stack.get(domain, "/" + "/".join(url.split("/")[3:])).status_code == 200


def test_the_data_lies_on_the_worker_and_nowhere_else(pair: Pair) -> None:
    assert names_of_volumes(pair.worker.docker) == VOLUMES
    assert names_of_volumes(pair.manager.docker) == set()
    disk = pair.worker.folder / "data/volumes"
    assert (disk / f"{NAME}_sistema_db/_data/db.sqlite").stat().st_size > 0
    assert (disk / f"{NAME}_convex_data/_data/db.sqlite3").stat().st_size > 0


def test_what_touches_the_data_ran_on_the_worker_alone(pair: Pair) -> None:
    assert pair.worker.services >= BESIDE_DATA
    assert not pair.manager.services & BESIDE_DATA


def test_the_edge_runs_on_the_manager(pair: Pair) -> None:
    assert pair.manager.services >= {f"{NAME}_edge", f"{NAME}_edge_docker"}
    assert f"{NAME}_edge" not in pair.worker.services


def test_a_second_up_of_two_machines_changes_nothing(pair: Pair) -> None:
    before = pair.stack.tasks()
    assert len(before) == 6
    assert all(before.values())
    done = pair.stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert pair.stack.tasks() == before


def test_there_is_no_drift_on_two_machines(pair: Pair) -> None:
    assert pair.stack.drift() == ()
