"""A client of the Docker daemon of one host: a local socket, or one through our own ssh tunnel.

The SDK's own ssh support asks paramiko or runs one ssh per request; a single `ssh -L` keeps to
the user's ssh, its agent and the pinned host key, and needs no docker client on the host.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import docker

from steps.errors import HostError
from steps.library_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steps.context import Context
    from steps.inputs import DockerTarget

CALL_LIMIT_S = 30
"""Limit of one call to the daemon; the slowest, creating a service, takes about a second."""

TUNNEL_LIMIT_S = 15.0
POLL_S = 0.1
END_LIMIT_S = 5
REMOTE_SOCKET = "/var/run/docker.sock"
UNTOUCHED = "Nothing was changed on the host."


def ssh_argv(url: str, options: Sequence[str], socket: Path) -> list[str]:
    """Return the ssh command that makes the host's Docker socket appear at `socket`.

    ssh takes the first value it meets of an option, so the caller's options come first.
    """
    parts = urlsplit(url)
    port = ["-p", str(parts.port)] if parts.port else []
    return [
        "ssh",
        *options,
        *("-o", "BatchMode=yes"),
        *("-o", "ConnectTimeout=10"),
        *("-o", "ExitOnForwardFailure=yes"),
        *("-o", "ServerAliveInterval=10"),
        *("-o", "ServerAliveCountMax=3"),
        *("-o", "ControlPath=none"),
        "-N",
        *("-L", f"{socket}:{REMOTE_SOCKET}"),
        *port,
        *("-l", parts.username or ""),
        parts.hostname or "",
    ]


@contextmanager
def connect(target: DockerTarget, context: Context) -> Iterator[docker.DockerClient]:
    """Give a client of a host's daemon, and end the connection afterwards.

    Raises:
        HostError: The host or its daemon cannot be reached.
    """
    if target.url.startswith("unix://"):
        with _client(target.url, context) as client:
            yield client
        return
    with tempfile.TemporaryDirectory(prefix="estate-") as folder:
        socket = Path(folder) / "d.sock"
        with _tunnel(target, socket, context), _client(f"unix://{socket}", context) as client:
            yield client


@contextmanager
def _client(url: str, context: Context) -> Iterator[docker.DockerClient]:
    """Give a client that has spoken to its daemon once, and that may pull what the step may."""
    with translated("The Docker daemon does not answer.", state=UNTOUCHED):
        client = docker.DockerClient(base_url=url, timeout=CALL_LIMIT_S)
        client.ping()
    log_in(client, context.secrets.get("registries"))
    try:
        yield client
    finally:
        client.close()


def log_in(client: docker.DockerClient, registries: object) -> None:
    """Have a client send logins with the images it names; nothing is asked of the registries.

    Args:
        client: sends them to the Swarm, whose nodes pull with them.
        registries: registry → `username` and `password`, or None.
    """
    if not isinstance(registries, dict):
        return
    api: Any = client.api
    known = api._auth_configs  # noqa: SLF001 - `login` would ask the registry itself
    for registry, login in registries.items():
        known.add_auth(registry, {**login, "serveraddress": registry})


@contextmanager
def _tunnel(target: DockerTarget, socket: Path, context: Context) -> Iterator[None]:
    """Keep an ssh tunnel open while the block runs.

    Raises:
        HostError: ssh gave up, or made no tunnel within 15 s.
    """
    log = socket.with_name("ssh.log")
    with log.open("wb") as output:
        ssh = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            [*_ending_with_us(), *ssh_argv(target.url, target.ssh_options, socket)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _await_socket(ssh, socket, log, context)
        yield
    finally:
        _end(ssh)


def _await_socket(ssh: subprocess.Popen[bytes], socket: Path, log: Path, context: Context) -> None:
    """Wait until ssh has made the socket.

    Raises:
        HostError: ssh ended, or the time is up.
    """
    start = context.clock.now()
    while not socket.exists():
        said = log.read_text(errors="replace").strip()
        if ssh.poll() is not None:
            raise HostError(
                "The ssh connection to the host failed.",
                why=said or f"ssh ended with code {ssh.returncode} and said nothing.",
                state=UNTOUCHED,
                todo="Check address, port, user, key and the pinned host key of the host, "
                "and that the user may use Docker.",
            )
        if context.clock.now() - start > TUNNEL_LIMIT_S:
            raise HostError(
                "The ssh connection to the host takes too long.",
                why=said or f"no tunnel after {TUNNEL_LIMIT_S:.0f} s and no word from ssh.",
                state=UNTOUCHED,
                todo="Check that the host is up and that its ssh port is open from here.",
            )
        context.clock.sleep(POLL_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, with force if it does not end by itself."""
    process.terminate()
    try:
        process.wait(timeout=END_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=END_LIMIT_S)


def _ending_with_us() -> list[str]:
    """Return what has Linux end a program when the thread that started it ends, killed or not.

    A program, and no `preexec_fn`: that needs a fork, which gRPC's threads in a hook do not survive
    (measured: "epoll_wait error: Bad file descriptor", and ssh never starts). Without it a killed
    step leaves the tunnel to its keep-alive.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
