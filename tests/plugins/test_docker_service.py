"""docker.Service, through the real engine on a real Swarm."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.services import service

if TYPE_CHECKING:
    import docker

    from tests.plugins.project import Project


def inspect(daemon: docker.DockerClient, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.api.inspect_service(f"{prefix}-svc")
    return found


def running(daemon: docker.DockerClient, prefix: str) -> list[str]:
    wanted = {"service": f"{prefix}-svc", "desired-state": "running"}
    tasks = daemon.api.tasks(filters=wanted)
    return sorted(task["ID"] for task in tasks if task["Status"]["State"] == "running")


def test_a_service_is_made_as_asked_and_stays_settled(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    program = service(prefix, image)
    assert project.plan(program)["svc"]["op"] == "create"
    assert not daemon.services.list(filters={"name": prefix})
    project.must_up()
    spec = inspect(daemon, prefix)["Spec"]
    task = spec["TaskTemplate"]
    container = task["ContainerSpec"]
    assert spec["Labels"] == {"estate.test": "one"}
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["UpdateConfig"]["FailureAction"] == "rollback"
    assert spec["EndpointSpec"]["Mode"] == "dnsrr"
    assert spec["EndpointSpec"]["Ports"][0]["PublishMode"] == "host"
    assert container["Image"] == f"{image}:1"
    assert container["Env"] == ["WORD=one"]
    assert container["Healthcheck"]["Timeout"] == 90 * 10**9
    assert container["StopGracePeriod"] == 30 * 10**9
    assert container["Secrets"][0]["File"]["Name"] == "/run/secrets/key"
    assert container["Mounts"][0]["Source"] == f"{prefix}-vol"
    assert container["Isolation"] == "default"
    assert task["Networks"][0]["Target"] == project.state("net")["id"]
    assert sorted(task["Networks"][0]["Aliases"]) == ["alias", "box"]
    assert task["Resources"]["Limits"]["MemoryBytes"] == 16777216
    assert task["LogDriver"]["Options"] == {"max-file": "2", "max-size": "1m"}
    tasks = running(daemon, prefix)
    assert tasks

    project.must_be_settled()
    project.must_up()
    assert running(daemon, prefix) == tasks
    assert project.plan(service(prefix, image, word="two"))["svc"]["op"] == "update"


def test_an_update_changes_the_service_in_place(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    project.must_up(service(prefix, image))
    before = inspect(daemon, prefix)
    changed = service(prefix, image, image=f"{image}:2", word="two", label="two", memory=33554432)
    step = project.plan(changed)["svc"]
    assert step["op"] == "update"
    assert set(step["diffReasons"]) == {"labels", "taskSpec"}
    project.must_up()
    after = inspect(daemon, prefix)
    assert after["ID"] == before["ID"]
    assert after["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] == f"{image}:2"
    assert after["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["WORD=two"]
    assert after["Spec"]["Labels"] == {"estate.test": "two"}
    project.must_be_settled()


def test_a_new_name_replaces_the_service(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    project.must_up(service(prefix, image))
    other = service(prefix, image).replace(f"{prefix}-svc", f"{prefix}-new")
    assert "replace" in project.plan(other)["svc"]["op"]
    project.must_up()
    assert [s.name for s in daemon.services.list(filters={"name": prefix})] == [f"{prefix}-new"]


@pytest.mark.long
def test_a_release_that_crashes_is_rolled_back_and_stays_pending(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    project.must_up(service(prefix, image))
    run = project.up(service(prefix, image, image=f"{image}:2", command="exit 1"))
    assert run.code != 0
    assert "service rollback completed" in run.output
    seen = inspect(daemon, prefix)["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert seen["Image"] == f"{image}:1"
    # The official plugin may report the rollback a moment before the old task is up.
    deadline = time.monotonic() + 30
    while not running(daemon, prefix):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    container = project.state("svc")["inputs"]["taskSpec"]["containerSpec"]
    assert container["image"] == f"{image}:1"
    assert "service rollback completed" in project.state("svc")["initErrors"][0]
    assert project.plan()["svc"]["op"] == "update"
    project.must_up(service(prefix, image, image=f"{image}:2"))
    seen = inspect(daemon, prefix)["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert seen["Image"] == f"{image}:2"
    project.must_be_settled()


def test_a_service_that_never_runs_is_deleted_again(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    run = project.up(service(prefix, image, command="exit 1", timeout="8s"))
    assert run.code != 0
    assert "did not converge after 8s" in run.output
    assert not daemon.services.list(filters={"name": prefix})


def test_changes_made_by_hand_are_seen_field_by_field(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    project.must_up(service(prefix, image))
    found = inspect(daemon, prefix)
    spec = found["Spec"]
    task = spec["TaskTemplate"]
    container = task["ContainerSpec"]
    container["Env"] = ["WORD=hand", "EXTRA=1"]
    container["Image"] = f"{image}:2"
    container["Healthcheck"]["Retries"] = 9
    container["Mounts"] = []
    container["Secrets"] = []
    task["Resources"]["Limits"]["MemoryBytes"] = 33554432
    task["Networks"] = []
    spec["Labels"]["estate.hand"] = "x"
    spec["Mode"]["Replicated"]["Replicas"] = 2
    spec["UpdateConfig"]["Order"] = "start-first"
    daemon.api.update_service(
        found["ID"],
        found["Version"]["Index"],
        task_template=task,
        name=spec["Name"],
        labels=spec["Labels"],
        mode=spec["Mode"],
        update_config=spec["UpdateConfig"],
        endpoint_spec=spec["EndpointSpec"],
    )
    drift = project.drift()
    for word in (
        "env",
        "image",
        "retries",
        "mounts",
        "secrets",
        "memoryBytes",
        "networksAdvanceds",
        "labels",
        "replicas",
        "order",
    ):
        assert word in drift, drift


def test_a_service_deleted_by_hand_is_drift(
    project: Project, prefix: str, image: str, daemon: docker.DockerClient
) -> None:
    project.must_up(service(prefix, image))
    daemon.api.remove_service(f"{prefix}-svc")
    while daemon.containers.list(filters={"name": prefix}, ignore_removed=True):
        time.sleep(0.2)
    assert "svc" in project.drift()
    project.must("refresh", "--yes", "--skip-preview")
    assert project.plan()["svc"]["op"] == "create"


def test_mistakes_in_a_service_are_refused(project: Project, prefix: str, image: str) -> None:
    broken = service(prefix, image, timeout="soon").replace('"stop-first"', '"both-first"')
    run = project.up(broken)
    assert run.code != 0
    assert "soon" in run.output or "timeout" in run.output
    assert "order" in run.output or "both-first" in run.output
