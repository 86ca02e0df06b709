"""A worker has the data, its manager has the Swarm: who is asked for what."""

import pytest

from tests.unit.declared import Registered, declared

MANAGER, WORKER = "unix:///run/m/docker.sock", "unix:///run/w/docker.sock"
HOSTS = {
    "m": {"url": MANAGER, "address": "203.0.113.7", "node": "one"},
    "w": {"url": WORKER, "address": "203.0.113.8", "node": "two", "manager": "m"},
}


@pytest.fixture(scope="module")
def estate() -> Registered:
    return declared({"hosts": HOSTS, "edge.host": "m", "tickets.host": "w"})


@pytest.mark.parametrize("step", ["migrate", "auth-seed", "queues-ensure"])
def test_a_job_is_given_to_the_manager_and_kept_on_the_worker(
    estate: Registered, step: str
) -> None:
    given = estate[f"Command:sistema-{step}"].step
    assert given["docker"]["url"] == MANAGER
    assert given["phases"][-1]["job"]["constraints"] == ["node.hostname==two"]


@pytest.mark.parametrize("step", ["backup", "convex-backup"])
def test_a_backup_is_given_to_the_manager_and_made_beside_the_data(
    estate: Registered, step: str
) -> None:
    given = estate[f"Command:sistema-{step}"].step
    assert given["docker"]["url"] == MANAGER
    assert given["phases"][-1]["plan"]["job"]["constraints"] == ["node.hostname==two"]


@pytest.mark.parametrize("step", ["switch", "convex-switch"])
def test_a_service_is_switched_by_the_manager_and_stays_on_the_worker(
    estate: Registered, step: str
) -> None:
    given = estate[f"Command:sistema-{step}"].step
    assert given["docker"]["url"] == MANAGER
    assert given["phases"][-1]["service"]["constraints"] == ["node.hostname==two"]


def test_convex_is_asked_for_its_key_where_it_runs_and_deployed_by_the_manager(
    estate: Registered,
) -> None:
    given = estate["Command:sistema-convex-deploy"].step["phases"][-1]
    assert given["docker"]["url"] == WORKER
    assert given["manager"]["url"] == MANAGER
    assert given["job"]["constraints"] == ["node.hostname==two"]
    assert estate["Command:sistema-convex-admin-key"].step["docker"]["url"] == WORKER
    assert estate["Environment:sistema-convex-env"].inputs["docker"]["url"] == WORKER


def test_volumes_are_made_by_the_daemon_of_the_host_that_has_the_disk(estate: Registered) -> None:
    assert {one.provider for one in estate.of("Volume").values()} == {"w"}


def test_everything_else_is_declared_at_the_manager(estate: Registered) -> None:
    for kind in ("Service", "Network", "Secret"):
        assert {one.provider for one in estate.of(kind).values()} == {"m"}, kind
