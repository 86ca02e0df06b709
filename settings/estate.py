"""The whole stack file."""

from pydantic import Field

from .adopted import Adopted
from .application import Application
from .crm import Crm
from .crm_env import BackupSecrets, CrmSecrets
from .dns import Dns, DnsSecrets
from .drift import Alerts, Drift
from .edge import Edge
from .erp import Erp, ErpSecrets
from .hosts import Host
from .model import Model
from .npm import Npm, NpmSecrets
from .offsite import Copies, Offsite, OffsiteSecrets
from .registries import RegistryLogin
from .tickets import Tickets
from .tickets_env import TicketsSecrets
from .types import HostName, ImageRef, RegistryName


class Tools(Model):
    """What one-shot jobs and recurring calls run on.

    Attributes:
        image: holds python3, sqlite3 and restic.
    """

    image: ImageRef


class Estate(Model):
    """Everything a stack holds; each part is optional.

    Attributes:
        hosts: name → machine.
        edge: the proxy in front.
        dns: zones and records.
        dns_secrets: secrets of `dns`.
        registry_secrets: registry → who pulls from it.
        tools: image of the jobs.
        tickets: the tickets system.
        tickets_secrets: secrets of `tickets`.
        crm: the CRM.
        crm_secrets: secrets of `crm`.
        npm: the proxy in front of the ERP.
        npm_secrets: secrets of `npm`.
        erp: the ERP.
        erp_secrets: secrets of `erp`.
        backup_secrets: secrets of the backups.
        offsite: where copies lie off the machine.
        offsite_secrets: secrets of `offsite`.
        copies: how old copies and drills may get.
        adopted: service → what it keeps of the docker stack that made it.
        drift: what the drift check leaves alone.
        alerts: who is told of drift.
    """

    hosts: dict[HostName, Host] = Field(default_factory=dict)
    edge: Edge | None = None
    dns: Dns | None = None
    dns_secrets: DnsSecrets | None = Field(default=None, alias="dnsSecrets")
    registry_secrets: dict[RegistryName, RegistryLogin] = Field(
        default_factory=dict, alias="registrySecrets"
    )
    tools: Tools | None = None
    tickets: Tickets | None = None
    tickets_secrets: TicketsSecrets | None = Field(default=None, alias="ticketsSecrets")
    crm: Crm | None = None
    crm_secrets: CrmSecrets | None = Field(default=None, alias="crmSecrets")
    npm: Npm | None = None
    npm_secrets: NpmSecrets | None = Field(default=None, alias="npmSecrets")
    erp: Erp | None = None
    erp_secrets: ErpSecrets | None = Field(default=None, alias="erpSecrets")
    backup_secrets: BackupSecrets | None = Field(default=None, alias="backupSecrets")
    offsite: Offsite | None = None
    offsite_secrets: OffsiteSecrets | None = Field(default=None, alias="offsiteSecrets")
    copies: Copies = Copies()
    adopted: Adopted = Field(default_factory=dict)
    drift: Drift = Drift()
    alerts: Alerts | None = None

    def swarm(self, host: str) -> str:
        """Name of the host that manages the Swarm in which a host is a node."""
        named = self.hosts.get(host)
        return named.manager or host if named else host

    def applications(self) -> dict[str, Application]:
        """Each application that the stack has, by its key."""
        return {key: value for key, value in self if isinstance(value, Application)}

    def hosts_by_domain(self) -> dict[str, Host]:
        """Each public name of each system that has a record → the host that serves it."""
        return {
            name: self._door(application)
            for application in self.applications().values()
            for name in application.records()
        }

    def _door(self, application: Application) -> Host:
        if self.npm and application.front == "npm":
            return self.hosts[self.npm.host]
        return self.hosts[application.host]
