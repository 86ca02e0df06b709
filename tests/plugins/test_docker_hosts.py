"""How the docker provider reaches a daemon: unix, tcp and ssh addresses."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.plugins.project import Project

PROGRAM = """
import pulumi_docker as docker
where = docker.Provider("where", host="{host}", ssh_opts={options})
docker.Volume("vol", name="{prefix}-vol", opts=pulumi.ResourceOptions(provider=where))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """An ssh server of our own, and the options that let a client in."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nPidFile none\n"
        "MaxStartups 100\nPermitRootLogin prohibit-password\n"
    )
    known = (folder / "host.pub").read_text().rsplit(" ", 1)[0]
    (folder / "known").write_text(f"[127.0.0.1]:{port} {known}\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "these tests need sshd (Debian: openssh-server)"
    server = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")])
    options = ["-o", f"UserKnownHostsFile={folder}/known", "-i", str(folder / "user")]
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}", options
    server.terminate()
    server.wait()


def test_ssh_reaches_the_daemon(
    project: Project, prefix: str, ssh: tuple[str, list[str]], daemon: docker.DockerClient
) -> None:
    host, options = ssh
    project.must_up(PROGRAM.format(host=host, options=options, prefix=prefix))
    assert daemon.volumes.get(f"{prefix}-vol")
    project.must_be_settled()
    assert project.destroy().code == 0
    assert not daemon.volumes.list(filters={"name": prefix})


def test_a_first_preview_over_ssh_needs_no_host(project: Project, prefix: str) -> None:
    host = f"ssh://nobody@127.0.0.1:{free_port()}"
    plan = project.plan(PROGRAM.format(host=host, options=[], prefix=prefix))
    assert plan["vol"]["op"] == "create"
    run = project.up()
    assert run.code != 0
    assert "refused" in run.output.lower()


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_a_local_daemon_that_does_not_answer_stops_the_preview(
    project: Project, prefix: str, tmp_path: Path, scheme: str
) -> None:
    place = f"127.0.0.1:{free_port()}" if scheme == "tcp" else f"{tmp_path}/none.sock"
    program = PROGRAM.format(host=f"{scheme}://{place}", options=[], prefix=prefix)
    project.write(program)
    run = project.run("preview")
    assert run.code != 0
    assert "daemon" in run.output.lower()
    project.write("")


def test_another_host_replaces_nothing(
    project: Project, prefix: str, ssh: tuple[str, list[str]]
) -> None:
    unix = PROGRAM.format(host="unix:///var/run/docker.sock", options=[], prefix=prefix)
    project.must_up(unix)
    host, options = ssh
    plan = project.plan(PROGRAM.format(host=host, options=options, prefix=prefix))
    assert {name: step["op"] for name, step in plan.items() if step["op"] != "same"} == {
        "where": "update"
    }
