from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.steps.conftest import image_ref

if TYPE_CHECKING:
    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine

SECRET = "planted-secret-4f9a1c77"
FOR_EVER = "trap 'exit 0' TERM; echo begun; while :; do sleep 0.2; done"
KEEP_SECRET = [{"name": "KEY", "target": "/run/secrets/key"}]


def wait_until_running(steps: Steps) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for service in steps.services():
            for task in steps.api.tasks(filters={"service": service["ID"]}):
                if task["Status"]["State"] == "running":
                    return dict(service)
        time.sleep(0.2)
    message = "no task of the job is running"
    raise AssertionError(message)


def test_a_job_that_succeeds_leaves_nothing_behind(steps: Steps) -> None:
    result = steps.run("job", steps.job("sh", "-c", "echo done")).result
    assert result["job"] == steps.name
    assert result["seconds"] > 0
    assert steps.services() == []
    assert steps.containers() == []


def test_a_job_takes_the_volumes_without_a_name_with_it(steps: Steps) -> None:
    """Those that its image asks for, as images of databases do."""
    job, begun = steps.job("sh", "-c", "echo done"), int(time.time())
    job["job"]["image"] = image_ref("redis")
    assert steps.run("job", job).code == 0
    seen = list(steps.api.events(since=begun, until=int(time.time()) + 1, decode=True))
    ours = {
        one["Actor"]["ID"]
        for one in seen
        if one["Actor"]["Attributes"].get("estate.test") == steps.name
    }
    volumes = {
        one["Actor"]["ID"]
        for one in seen
        if (one["Type"], one["Action"]) == ("volume", "mount")
        and one["Actor"]["Attributes"]["container"] in ours
    }
    assert volumes
    assert not volumes & {one.name for one in steps.client.volumes.list()}


def test_a_failing_job_says_exit_code_and_log_in_under_20_lines(steps: Steps) -> None:
    ended = steps.run(
        "job", steps.job("sh", "-c", "for i in $(seq 50); do echo line $i; done; exit 7")
    )
    assert ended.code == 1
    assert ended.out == ""
    assert "exit code 7" in ended.err
    assert "line 50" in ended.err
    message = ended.err[ended.err.index("FAILED:") :]
    assert len(message.splitlines()) < 20


def test_a_failed_job_keeps_its_log_and_never_runs_again(steps: Steps) -> None:
    steps.run("job", steps.job("sh", "-c", "echo kept words; exit 1"))
    (service,) = steps.services()
    log = b"".join(steps.api.service_logs(service["ID"], stdout=True, stderr=True, is_tty=False))
    assert b"kept words" in log
    assert service["Spec"]["Mode"]["ReplicatedJob"]["TotalCompletions"] == 0
    assert len(steps.api.tasks(filters={"service": service["ID"]})) == 1


def test_the_next_run_replaces_a_failed_one(steps: Steps) -> None:
    assert steps.run("job", steps.job("false")).code == 1
    assert steps.run("job", steps.job("true")).code == 0
    assert steps.services() == []


def test_a_job_that_overruns_is_stopped_and_removed(steps: Steps) -> None:
    ended = steps.run("job", steps.job("sh", "-c", FOR_EVER, timeout_s=4))
    assert ended.code == 1
    assert "did not end within 4 s" in ended.err
    assert "begun" in ended.err
    assert steps.services() == []
    assert steps.containers() == []


def test_an_image_that_does_not_exist_is_named(steps: Steps) -> None:
    ended = steps.run("job", steps.job("true", image="127.0.0.1:5000/estate/none:none"))
    assert ended.code == 1
    assert "rejected (No such image" in ended.err


def test_after_kill_9_the_same_job_is_joined_not_started_twice(steps: Steps) -> None:
    volume = steps.volume("marks")
    given = steps.job(
        "sh", "-c", "echo x >> /marks/runs; sleep 5",
        mounts=[{"type": "volume", "source": volume, "target": "/marks"}],
    )  # fmt: skip
    first = steps.start("job", given)
    begun = wait_until_running(steps)
    first.kill()
    steps.finish(first)
    assert [service["ID"] for service in steps.services()] == [begun["ID"]]
    ended = steps.run("job", given)
    assert "joining the run" in ended.err
    assert ended.code == 0
    assert steps.python("print(open('/v0/runs').read())", volume).split() == ["x"]
    assert steps.services() == []


def test_another_release_waits_for_a_left_over_job_and_then_runs(steps: Steps) -> None:
    volume = steps.volume("marks")
    mounts = [{"type": "volume", "source": volume, "target": "/marks"}]
    first = steps.start(
        "job", steps.job("sh", "-c", "sleep 4; echo old >> /marks/runs", mounts=mounts)
    )
    wait_until_running(steps)
    first.kill()
    steps.finish(first)
    ended = steps.run("job", steps.job("sh", "-c", "echo new >> /marks/runs", mounts=mounts))
    assert ended.code == 0, ended.err
    assert "waiting for an earlier run" in ended.err
    assert steps.python("print(open('/v0/runs').read())", volume).split() == ["old", "new"]


def test_a_secret_is_a_file_in_the_job_and_nowhere_else(steps: Steps) -> None:
    command = 'test "$(cat /run/secrets/key)" = "$WANTED" || exit 1; sleep 3'
    given = steps.job(
        "sh", "-c", f"WANTED=$(printf %s {SECRET[::-1]} | rev); {command}", secret_files=KEEP_SECRET
    )
    process = steps.start("job", given, {"KEY": SECRET})
    service = wait_until_running(steps)
    assert SECRET not in json.dumps(steps.api.inspect_service(service["ID"]))
    container = next(
        one
        for one in steps.client.containers.list(ignore_removed=True)
        if one.name and steps.name in one.name
    )
    assert SECRET not in json.dumps(container.attrs)
    assert SECRET not in json.dumps(container.top(ps_args="-ef"))
    ended = steps.finish(process)
    assert ended.code == 0, ended.err
    assert steps.secrets() == []


def test_a_failing_job_cannot_leak_its_secret_through_its_log(steps: Steps) -> None:
    script = "cat /run/secrets/key; echo; base64 </run/secrets/key; exit 1"
    ended = steps.run(
        "job", steps.job("sh", "-c", script, secret_files=KEEP_SECRET), {"KEY": SECRET}
    )
    assert ended.code == 1
    assert "***" in ended.err
    assert SECRET not in ended.err
    assert "cGxhbnRlZC1zZWNyZXQ" not in ended.err
    assert steps.secrets() == []


def test_a_kill_leaves_a_secret_only_until_the_next_run(steps: Steps) -> None:
    process = steps.start("job", steps.job("sleep", "3", secret_files=KEEP_SECRET), {"KEY": SECRET})
    wait_until_running(steps)
    process.kill()
    steps.finish(process)
    assert len(steps.secrets()) == 1
    assert steps.run("job", steps.job("true")).code == 0
    assert steps.secrets() == []


def test_limits_log_rotation_and_labels_are_on_the_service(steps: Steps) -> None:
    process = steps.start("job", steps.job("sleep", "3"))
    service = wait_until_running(steps)
    template = service["Spec"]["TaskTemplate"]
    assert template["Resources"]["Limits"]["MemoryBytes"] == 64 * 1024 * 1024
    assert template["LogDriver"] == {
        "Name": "json-file",
        "Options": {"max-size": "10m", "max-file": "3"},
    }
    assert template["RestartPolicy"]["Condition"] == "none"
    assert service["Spec"]["Labels"]["estate.job"] == steps.name
    assert steps.finish(process).code == 0


def test_a_missing_secret_and_a_missing_network_are_named(steps: Steps) -> None:
    secret = steps.run("job", steps.job("true", secrets=[{"name": "no-such", "target": "/x"}]))
    assert secret.code == 1
    assert "missing: no-such" in secret.err
    network = steps.run("job", steps.job("true", networks=[{"name": "no-net", "aliases": []}]))
    assert network.code == 1
    assert "missing: no-net" in network.err


def test_a_failed_migration_is_explained(steps: Steps) -> None:
    log = "Error: P3009\\nThe `20261122_x` migration started at 2026-11-22 failed"
    ended = steps.run("job", steps.job("sh", "-c", f"printf '{log}'; exit 1"))
    assert "migration 20261122_x failed in an earlier run" in ended.err
    assert "migrate resolve --rolled-back 20261122_x" in ended.err


def test_clearing_takes_failed_and_running_jobs_away_with_their_containers(steps: Steps) -> None:
    steps.run("job", steps.job("false"))
    process = steps.start("job", steps.job("sh", "-c", FOR_EVER, name=f"{steps.name}-2"))
    wait_until_running(steps)
    process.kill()
    steps.finish(process)
    assert len(steps.services()) == 2
    clear = {"docker": {"url": "unix:///var/run/docker.sock"}, "labels": steps.labels}
    result = steps.run("clear-jobs", clear).result
    assert result["removed"] == [steps.name, f"{steps.name}-2"]
    assert steps.services() == []
    assert steps.containers() == []
    assert steps.run("clear-jobs", clear).result["removed"] == []
