from __future__ import annotations

from pathlib import Path

from steps.convex_deploy import KEY_FILE, deploy_job
from steps.docker_host import ssh_argv
from steps.inputs import ConvexDeployInput, DockerTarget, Job
from steps.job_spec import (
    MountedSecret,
    fingerprint,
    labels,
    letting_go,
    once,
    retired,
    task_template,
)
from steps.job_task import latest

JOB = Job(
    name="sistema_migrate",
    image="demo@sha256:1",
    command=("bun", "x", "prisma", "migrate", "deploy"),
    env={"B": "2", "A": "1"},
    constraints=("node.hostname==vps",),
    memory_limit=64 * 1024 * 1024,
    labels={"estate.stack": "prod"},
)


def test_the_service_runs_exactly_the_given_argv_once_with_limits() -> None:
    secret = MountedSecret(id="s1", name="web_env", target="/app/.env")
    template = task_template(JOB, secrets=[secret], network_ids={})
    container = template["ContainerSpec"]
    assert container["Command"] == ["bun", "x", "prisma", "migrate", "deploy"]
    assert container["Env"] == ["A=1", "B=2"]
    assert container["Healthcheck"]["Test"] == ["NONE"]
    assert container["Secrets"][0]["File"]["Name"] == "/app/.env"
    assert template["RestartPolicy"]["Condition"] == "none"
    assert template["Placement"] == {"Constraints": ["node.hostname==vps"]}
    assert template["Resources"]["Limits"] == {"MemoryBytes": 64 * 1024 * 1024}
    assert template["LogDriver"]["Options"] == {"max-size": "10m", "max-file": "3"}
    assert once() == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}


def test_a_retired_job_wants_no_completion_and_holds_no_secret_or_network() -> None:
    template = {"ContainerSpec": {"Image": "x", "Secrets": [{"SecretID": "s"}]}, "Resources": {}}
    assert retired()["ReplicatedJob"]["TotalCompletions"] == 0
    assert letting_go(template) == {
        "ContainerSpec": {"Image": "x", "Secrets": []},
        "Resources": {},
        "Networks": [],
    }


def test_the_fingerprint_follows_the_jobs_input() -> None:
    other = JOB.model_copy(update={"image": "demo@sha256:2"})
    assert fingerprint(JOB) == fingerprint(JOB.model_copy())
    assert fingerprint(JOB) != fingerprint(other)
    assert labels(JOB) == {
        "estate.stack": "prod",
        "estate.job": "sistema_migrate",
        "estate.job.spec": fingerprint(JOB),
    }


def test_the_newest_task_counts_and_a_container_that_never_ran_has_no_exit_code() -> None:
    def task(created: str, **status: object) -> dict[str, object]:
        return {"CreatedAt": created, "Status": status}

    old = task("1", State="failed", ContainerStatus={"ContainerID": "c", "ExitCode": 3})
    new = task("2", State="rejected", Err="No such image", ContainerStatus={"ExitCode": 0})
    assert latest([new, old]).describe() == "rejected (No such image)"
    assert latest([old]).exit_code == 3


def test_ssh_takes_the_callers_options_first_and_forwards_one_socket() -> None:
    argv = ssh_argv("ssh://deploy@192.0.2.7:2222", ["-o", "ConnectTimeout=3"], Path("/t/d.sock"))
    assert argv[:3] == ["ssh", "-o", "ConnectTimeout=3"]
    assert argv[-7:-3] == ["-L", "/t/d.sock:/var/run/docker.sock", "-p", "2222"]
    assert argv[-3:] == ["-l", "deploy", "192.0.2.7"]
    assert "-N" in argv
    assert "ExitOnForwardFailure=yes" in argv


def test_a_deploy_reads_its_key_in_the_container_only() -> None:
    given = ConvexDeployInput(
        docker=DockerTarget(url="unix:///x"),
        service="s",
        instance_name="i",
        url="http://convex.localhost",
        job=JOB.model_copy(update={"command": ("bun", "x", "convex", "deploy")}),
        timeout_s=60.0,
    )
    job = deploy_job(given)
    assert job.command[:2] == ("/bin/sh", "-c")
    assert KEY_FILE in job.command[2]
    assert job.command[3:] == ("sh", "bun", "x", "convex", "deploy")
    assert job.env["CONVEX_SELF_HOSTED_URL"] == "http://convex.localhost"
    assert not [name for name in job.env if "KEY" in name]
