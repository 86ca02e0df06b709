"""Reach the Docker socket of another machine through ssh.

`docker` on the other side is not needed, only its socket: `ssh -N -L` forwards it.
"""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from provider.wire.errors import PluginError

SOCKET = "/var/run/docker.sock"
TIMEOUT_S = 30.0
"""How long ssh may take to connect; guess: a slow handshake plus a retry."""


def ssh_command(url: str, local: Path, options: list[str]) -> list[str]:
    """Return the command that forwards `local` to the Docker socket of an ssh:// address.

    Raises:
        PluginError: the address names no host.
    """
    address = urlsplit(url)
    if not address.hostname:
        raise PluginError(f"{url} names no host. Write ssh://user@host:port.")
    remote = address.path if address.path not in {"", "/"} else SOCKET
    port = ["-p", str(address.port)] if address.port else []
    login = f"{address.username}@{address.hostname}" if address.username else address.hostname
    fixed = [
        "-o",
        "BatchMode=yes",
        "-o",
        "ExitOnForwardFailure=yes",
        "-o",
        "ServerAliveInterval=15",
    ]
    return ["ssh", "-N", "-L", f"{local}:{remote}", *options, *fixed, *port, "--", login]


def open_tunnel(url: str, options: list[str]) -> str:
    """Open a tunnel that lives as long as this process; return its unix:// address.

    Raises:
        PluginError: ssh is not installed, or could not connect.
    """
    folder = Path(tempfile.mkdtemp(prefix="estate-docker-"))
    local = folder / "docker.sock"
    # setpriv: the kernel ends ssh with us, even when we are killed.
    command = ["setpriv", "--pdeathsig", "TERM", *ssh_command(url, local, options)]
    try:
        ssh = subprocess.Popen(  # noqa: S603 - the address is the program's own
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    except OSError as error:
        shutil.rmtree(folder)
        raise PluginError(
            f"cannot start ssh for {url}: {error}. Install openssh-client."
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(ssh.terminate)
    _wait(ssh, local, url)
    return f"unix://{local}"


def _wait(ssh: subprocess.Popen[bytes], local: Path, url: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        if ssh.poll() is not None:
            reason = ssh.stderr.read().decode(errors="replace").strip() if ssh.stderr else ""
            raise PluginError(f"cannot connect to the Docker daemon at {url}: {reason}")
        if _answers(local):
            return
        time.sleep(0.05)
    ssh.terminate()
    raise PluginError(f"cannot connect to the Docker daemon at {url}: ssh took over {TIMEOUT_S} s")


def _answers(local: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(local))
        except OSError:
            return False
    return True
