"""The stack file as types. Pure: it reads nothing but what it is given."""

from .adopted import STACK_LABEL, DockerStack
from .application import Application, Front, Migrations, Part, Released, Verify, digits
from .crm import Crm
from .crm_env import POSTGRES_PORT, BackupSecrets, CrmSecrets, crm_env
from .dns import Dns, DnsSecrets, Record
from .dotenv import dotenv
from .drift import Alerts, Drift
from .duration import Duration
from .edge import Acme, Edge
from .erp import Erp, ErpSecrets, Waves
from .errors import SettingsError
from .estate import Estate, Tools
from .hosts import Host
from .loading import KEYS, known_keys, load
from .npm import Npm, NpmAcme, NpmSecrets
from .offsite import Copies, Offsite, OffsiteSecrets
from .placeholder import WORD as PLACEHOLDER
from .placeholder import is_placeholder
from .placeholders import placeholders
from .registries import RegistryLogin
from .secret_texts import secret_texts
from .tenants import State, Tenant, TenantSecrets
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
    "PLACEHOLDER",
    "POSTGRES_PORT",
    "STACK_LABEL",
    "Acme",
    "Alerts",
    "Application",
    "BackupSecrets",
    "Copies",
    "Crm",
    "CrmSecrets",
    "Dashboard",
    "Dns",
    "DnsSecrets",
    "DockerStack",
    "Drift",
    "Duration",
    "Edge",
    "Erp",
    "ErpSecrets",
    "Estate",
    "Front",
    "Host",
    "Migrations",
    "Npm",
    "NpmAcme",
    "NpmSecrets",
    "Offsite",
    "OffsiteSecrets",
    "Part",
    "Record",
    "RegistryLogin",
    "Released",
    "SettingsError",
    "State",
    "Tenant",
    "TenantSecrets",
    "Tickets",
    "TicketsSecrets",
    "Tools",
    "Verify",
    "Waves",
    "convex_env",
    "crm_env",
    "digits",
    "dotenv",
    "is_placeholder",
    "known_keys",
    "load",
    "placeholders",
    "secret_texts",
    "seed_env",
    "start_env",
    "web_env",
]
