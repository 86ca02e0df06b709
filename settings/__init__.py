"""The stack file as types. Pure: it reads nothing but what it is given."""

from .dns import Dns, DnsSecrets, Record
from .dotenv import dotenv
from .duration import Duration
from .edge import Acme, Edge
from .errors import SettingsError
from .estate import Estate, Tools
from .hosts import Host
from .loading import KEYS, known_keys, load
from .placeholders import placeholders
from .registries import RegistryLogin
from .tickets import Dashboard, Tickets
from .tickets_env import (
    CONVEX_VARIABLES,
    TicketsSecrets,
    convex_env,
    seed_env,
    service_env,
    web_env,
)

__all__ = [
    "CONVEX_VARIABLES",
    "KEYS",
    "Acme",
    "Dashboard",
    "Dns",
    "DnsSecrets",
    "Duration",
    "Edge",
    "Estate",
    "Host",
    "Record",
    "RegistryLogin",
    "SettingsError",
    "Tickets",
    "TicketsSecrets",
    "Tools",
    "convex_env",
    "dotenv",
    "known_keys",
    "load",
    "placeholders",
    "seed_env",
    "service_env",
    "web_env",
]
