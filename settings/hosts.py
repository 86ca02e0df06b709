"""Machines with a Docker daemon, and how to reach them."""

from .model import Model
from .types import AddressV4, AddressV6, HostKey, HostName, HostUrl, IdentityFile, NodeName


class Host(Model):
    """One machine of the estate.

    Attributes:
        url: its Docker daemon, over ssh or as a local socket.
        address: public IPv4 address that DNS records point to.
        address_v6: the same for IPv6.
        host_key: public key that the machine must show; ssh only.
        identity_file: private key to log in with; None leaves it to the agent; ssh only.
        node: the machine's name in its Swarm, needed when the Swarm has more nodes.
        manager: name of the host that manages its Swarm; None when it does so itself.
    """

    url: HostUrl
    address: AddressV4
    address_v6: AddressV6 | None = None
    host_key: HostKey | None = None
    identity_file: IdentityFile | None = None
    node: NodeName | None = None
    manager: HostName | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the daemon is reached over ssh."""
        return self.url.startswith("ssh://")

    def ssh_options(self) -> list[str]:
        """Arguments that make `ssh` trust the pinned key alone and never ask; none for a socket.

        `KnownHostsCommand` (OpenSSH 8.5) prints the pinned key for whatever name is looked up, so
        that no known_hosts file has to exist on the machine that deploys.
        """
        if not self.is_remote:
            return []
        options = [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
            f"KnownHostsCommand=/bin/echo %H {self.host_key}",
            "ConnectTimeout=10",
            "ServerAliveInterval=15",
        ]
        if self.identity_file is not None:
            options += [f"IdentityFile={self.identity_file}", "IdentitiesOnly=yes"]
        return [argument for option in options for argument in ("-o", option)]
