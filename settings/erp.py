"""The ERP: ERPNext for many customers, behind Nginx Proxy Manager."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .application import Application, DailyBackup, Part, Verify
from .model import Model
from .needs import whole
from .tenants import Tenant, TenantSecrets
from .types import (
    Argument,
    ByteSize,
    Domain,
    HttpPath,
    ImageRef,
    ServiceName,
    StrongSecret,
    TenantName,
)

_MIB = 2**20
_GIB = 2**30

Batch = Annotated[int, whole("a number of sites from 1 to 1000, for example 5", 1, 1000)]


class Mariadb(Part):
    """The database server of all sites.

    Attributes:
        image: the server.
    """

    image: ImageRef
    memory_limit: ByteSize = 2 * _GIB
    memory_reservation: ByteSize = _GIB // 2


class Redis(Part):
    """Each of the three Redis servers: cache, queue, socketio.

    Attributes:
        image: the server.
    """

    image: ImageRef
    memory_limit: ByteSize = 256 * _MIB
    memory_reservation: ByteSize = 32 * _MIB


class Light(Part):
    """A service that serves no request of a customer by itself."""

    memory_limit: ByteSize = 512 * _MIB
    memory_reservation: ByteSize = 64 * _MIB


class Waves(Model):
    """How a release reaches the sites.

    Attributes:
        canary: the tenant whose site is migrated and verified first; None takes none.
        batch: sites that are migrated before the next ones are begun.
        on_failure: what happens after a site has failed and was restored.
    """

    canary: TenantName | None = None
    batch: Batch = 5
    on_failure: Literal["continue", "stop"] = "continue"


class Ping(Verify):
    """The question that ends a release: Frappe's own, which asks the site's database nothing."""

    path: HttpPath = "/api/method/ping"
    body: Argument | None = "pong"


class Erp(Application):
    """The whole system; all its own services run one image.

    Attributes:
        domain: parent of the tenants' names.
        mariadb: the database.
        redis: cache, queue and socketio.
        backend: answers requests.
        frontend: nginx in front of the backend, which alone is reached from outside.
        websocket: pushes what has changed.
        scheduler: starts what is due.
        worker: each of the three workers.
        tenants: name → customer.
        waves: how a release reaches the sites.
        archive_sites: whether the site of an archived tenant leaves the sites for the archive; it
            stays where it is otherwise.
        backup: copies of each site before its migration, and daily.
        verify: the question that ends a release, asked of one customer's site.
    """

    front: ClassVar[str] = "npm"

    name: ServiceName = "erp"
    # A migration of a site cannot be undone by the database, only by its copy.
    migrations: Literal["offline"] = "offline"
    domain: Domain
    mariadb: Mariadb
    redis: Redis
    backend: Part = Part()
    frontend: Light = Light()
    websocket: Light = Light()
    scheduler: Light = Light()
    worker: Part = Part()
    tenants: dict[TenantName, Tenant]
    waves: Waves = Waves()
    archive_sites: bool = False
    backup: DailyBackup = DailyBackup()
    verify: Ping = Ping()

    def site(self, tenant: str) -> str:
        """The site of a tenant: its directory, and the first name it answers to."""
        return self.tenants[tenant].site or f"{tenant}.{self.domain}"

    def active_sites(self) -> list[str]:
        """The site of each tenant that is served."""
        return [self.site(name) for name, one in self.tenants.items() if one.state == "active"]

    def names(self, tenant: str) -> list[str]:
        """Every name that a tenant answers to, its site first."""
        one = self.tenants[tenant]
        return [self.site(tenant), *one.domains, *one.foreign]

    def probe(self) -> str | None:
        """The tenant that is asked from outside: the canary, or the first active one."""
        active = [name for name, one in self.tenants.items() if one.state == "active"]
        return self.waves.canary if self.waves.canary in active else next(iter(active), None)

    def domains(self) -> dict[str, str]:
        """Each setting that makes a name → the name, the keys below `erp`."""
        found: dict[str, str] = {}
        for name, one in self.tenants.items():
            key = f"tenants.{name}"
            if self.domain and one.site is None:
                found[key] = self.site(name)
            found |= one.own_names(key) | one.foreign_names(key)
        return found

    def zoned(self) -> dict[str, str]:
        """Each setting whose name has to lie in a zone of ours → the name."""
        return {"domain": self.domain, **self._own_names()}

    def records(self) -> list[str]:
        """One record for all names below `domain`, and one for each other name of ours."""
        others = dict.fromkeys(self._own_names().values())
        return [f"*.{self.domain}", *(n for n in others if n.partition(".")[2] != self.domain)]

    def _own_names(self) -> dict[str, str]:
        return {
            key: name
            for tenant, one in self.tenants.items()
            for key, name in one.own_names(f"tenants.{tenant}").items()
        }


class ErpSecrets(Model):
    """Secrets of `estate:erp`.

    Attributes:
        MARIADB_ROOT_PASSWORD: the database server is made with it, once, and sites are.
        tenants: name → secrets of that customer.
    """

    MARIADB_ROOT_PASSWORD: StrongSecret
    tenants: dict[TenantName, TenantSecrets] = Field(default_factory=dict)
