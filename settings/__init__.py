"""The stack file as types. Pure: it reads nothing but what it is given."""

from .application import Application, Front, Migrations, Part, Released, Verify, digits
from .crm import Crm
from .crm_env import POSTGRES_PORT, BackupSecrets, CrmSecrets, crm_env
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
from .secret_texts import secret_texts
from .tickets import Dashboard, Tickets
from .tickets_env import (
    CONVEX_VARIABLES,
    TicketsSecrets,
    convex_env,
    seed_env,
    start_env,
    web_env,
)

__all__ = [
    "CONVEX_VARIABLES",
    "KEYS",
    "POSTGRES_PORT",
    "Acme",
    "Application",
    "BackupSecrets",
    "Crm",
    "CrmSecrets",
    "Dashboard",
    "Dns",
    "DnsSecrets",
    "Duration",
    "Edge",
    "Estate",
    "Front",
    "Host",
    "Migrations",
    "Part",
    "Record",
    "RegistryLogin",
    "Released",
    "SettingsError",
    "Tickets",
    "TicketsSecrets",
    "Tools",
    "Verify",
    "convex_env",
    "crm_env",
    "digits",
    "dotenv",
    "known_keys",
    "load",
    "placeholders",
    "secret_texts",
    "seed_env",
    "start_env",
    "web_env",
]
