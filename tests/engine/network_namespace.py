"""A machine of its own as far as the network can tell: a namespace and a cable into this one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Namespace:
    """A network namespace with one cable.

    Attributes:
        name: of the namespace; the near end of its cable is called `<name>h`.
        address: IPv4 address inside.
        gateway: IPv4 address of the near end, in the same /24.
    """

    name: str
    address: str
    gateway: str

    def command(self, *argv: str) -> list[str]:
        """Return a command line that runs another inside; mounts stay as they are outside."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *argv]

    def get(self, url: str, **headers: str) -> str:
        """Ask from inside and return the body; another status than 2xx is a failed test.

        Args:
            url: with an address, since names are not resolved for it.
            headers: `_` stands for `-`.
        """
        curl = ["curl", "--silent", "--show-error", "--fail", "--max-time", "10", url]
        for name, text in headers.items():
            curl += ["--header", f"{name.replace('_', '-')}: {text}"]
        argv = self.command(*curl)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def namespace(name: str, address: str, gateway: str) -> Iterator[Namespace]:
    """Give a namespace for the block, and take it away with its cable."""
    made = Namespace(name, address, gateway)
    _remove(name)  # of a test that was killed
    ip("netns", "add", name)
    try:
        ip("link", "add", f"{name}h", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{gateway}/24", "dev", f"{name}h")
        ip("link", "set", f"{name}h", "up")
        for inside in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("route", "add", "default", "via", gateway),
        ):
            ip("-n", name, *inside)
        yield made
    finally:
        _remove(name)


def ip(*arguments: str) -> None:
    """Run iproute2's `ip`; a refusal is a failed test."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def _remove(name: str) -> None:
    # The cable by itself: with its namespace it would go too, but some time later.
    for gone in (("link", "delete", f"{name}h"), ("netns", "delete", name)):
        subprocess.run(["ip", *gone], capture_output=True, check=False)
