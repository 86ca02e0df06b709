"""Our own ssh tunnel, to a real ssh server on a free port of this machine."""

from __future__ import annotations

import getpass
import io
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from steps.context import Context
from steps.docker_host import connect
from steps.errors import HostError
from steps.inputs import DockerTarget
from tests.steps.conftest import SOCKET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps.conftest import Steps

pytestmark = pytest.mark.engine


@dataclass
class SshServer:
    """A server that knows one key."""

    port: int
    key: str
    known_hosts: str

    def target(self, key: str | None = None) -> DockerTarget:
        options = (
            *("-F", "none", "-o", "IdentitiesOnly=yes", "-o", f"IdentityFile={key or self.key}"),
            *("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes"),
        )
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"
        return DockerTarget(url=url, ssh_options=options)


def new_key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return str(path)


def tunnels(port: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if f"-p {port}" in line and "ssh" in line]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    host_key, user_key = new_key(tmp_path / "host"), new_key(tmp_path / "user")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(tmp_path / 'host.pub').read_text()}")
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {user_key}.pub\nStrictModes no\nPermitRootLogin yes\n"
    )
    os.makedirs("/run/sshd", exist_ok=True)  # noqa: PTH103 - sshd's own folder, made at boot
    sshd = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-e", "-f", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield SshServer(port=port, key=user_key, known_hosts=str(known))
    sshd.terminate()
    sshd.wait(timeout=10)


def quiet() -> Context:
    return Context(stderr=io.StringIO())


def test_the_daemon_answers_through_ssh_and_the_tunnel_is_gone_afterwards(
    server: SshServer,
) -> None:
    with connect(server.target(), quiet()) as client:
        assert client.info()["Swarm"]["LocalNodeState"] == "active"
        assert len(tunnels(server.port)) == 1
    assert tunnels(server.port) == []


def test_a_wrong_host_key_is_refused_with_sshs_own_words(server: SshServer, tmp_path: Path) -> None:
    new_key(tmp_path / "other")
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {(tmp_path / 'other.pub').read_text()}")
    with (
        pytest.raises(HostError, match="Host key verification failed"),
        connect(server.target(), quiet()),
    ):
        pass
    assert tunnels(server.port) == []


def test_a_wrong_key_is_refused_with_sshs_own_words(server: SshServer, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other")
    with (
        pytest.raises(HostError, match="Permission denied"),
        connect(server.target(other), quiet()),
    ):
        pass


def test_a_socket_without_a_daemon_is_a_host_error(tmp_path: Path) -> None:
    with (
        pytest.raises(HostError, match="does not answer"),
        connect(DockerTarget(url=f"unix://{tmp_path}/none.sock"), quiet()),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_step_that_is_ended_takes_its_tunnel_along(
    steps: Steps, server: SshServer, number: signal.Signals
) -> None:
    given = steps.job("sleep", "3")
    assert given["docker"] == {"url": SOCKET}
    given["docker"] = server.target().model_dump()
    process = steps.start("job", given)
    deadline = time.monotonic() + 20
    while not steps.services() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(tunnels(server.port)) == 1
    process.send_signal(number)
    steps.finish(process)
    deadline = time.monotonic() + 5
    while tunnels(server.port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert tunnels(server.port) == []
    given["docker"] = {"url": SOCKET}
    assert steps.run("job", given).code == 0
