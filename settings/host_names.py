"""Names of hosts, as the other settings refer to them."""

from .estate import Estate
from .model import Absent

Mistake = tuple[str, str]
"""A key, and what is wrong with it."""


def is_known_host(estate: Estate, host: str) -> bool:
    """Tell whether a name is that of a host, or nothing can be said about it."""
    return not host or isinstance(estate.hosts, Absent) or host in estate.hosts


def unknown_host(estate: Estate) -> str:
    """Say which names there are."""
    return f"needs the name of a host in estate:hosts: {', '.join(estate.hosts) or 'none is there'}"


def share_swarm(estate: Estate, *hosts: str) -> bool:
    """Tell whether hosts are nodes of one Swarm; one that is not known is not judged."""
    known = [host for host in hosts if host]
    return any(not is_known_host(estate, host) for host in known) or (
        len({estate.swarm(host) for host in known}) <= 1
    )
