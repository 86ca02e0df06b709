"""An ssh server of a test's own on the loopback address: its host key, one user key, its log."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.processes import descendants
from tests.engine.stack import wait_until

_PROGRAM = "/usr/sbin/sshd"


def new_key(file: Path) -> str:
    """Make a key pair; return the public key, its type and its value."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return " ".join(file.with_suffix(".pub").read_text(encoding="ascii").split()[:2])


class SshServer:
    """A machine as ssh shows it; all limits of the server are its defaults.

    Attributes:
        port: on the loopback address.
        host_key: what a client pins.
        user_key: file of the private key that may log in.
        log: what the server says.
    """

    def __init__(self, folder: Path, port: int) -> None:
        """Make keys and configuration; nothing runs yet."""
        self.port = port
        self.host_key = new_key(folder / "host")
        self.user_key = folder / "user"
        new_key(self.user_key)
        self.log = folder / "sshd.log"
        self._pid = 0
        self._config = folder / "sshd_config"
        self._config.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
            f"UsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n"
            f"AuthorizedKeysFile {self.user_key}.pub\nLogLevel VERBOSE\n",
            encoding="ascii",
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let it answer while the block runs."""
        Path("/run/sshd").mkdir(exist_ok=True)  # made at boot, where there is a boot
        server = subprocess.Popen([_PROGRAM, "-D", "-f", self._config, "-E", self.log])
        try:
            wait_until(lambda: self._listens(server), 10, every_s=0.05)
            self._pid = server.pid
            yield
        finally:
            server.terminate()
            server.wait(timeout=10)

    def cut(self) -> None:
        """End the server and every connection at once, as a lost network would."""
        for pid in [self._pid, *descendants(self._pid)]:
            os.kill(pid, signal.SIGKILL)

    def tunnels(self) -> list[str]:
        """Return the command lines of the ssh clients that are connected to it."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
        )
        lines = listed.stdout.splitlines()
        return [line for line in lines if line.startswith("ssh ") and f"-p {self.port} " in line]

    def _listens(self, server: subprocess.Popen[bytes]) -> bool:
        assert server.poll() is None, self.log.read_text(encoding="utf-8")
        return self.log.exists() and "Server listening" in self.log.read_text(encoding="utf-8")
