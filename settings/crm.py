"""The CRM: a backend and its Postgres."""

from pydantic import Field

from .application import Application, Backup, Migrations
from .crm_env import VariableName
from .duration import Duration
from .model import Listed, Model
from .types import (
    AbsolutePath,
    Argument,
    Attempts,
    ByteSize,
    Domain,
    HttpPath,
    HttpStatus,
    ImageRef,
    Port,
    PostgresName,
    ServiceName,
    Timespan,
    Variable,
)

_GIB = 2**30


class Backend(Model):
    """The backend.

    Attributes:
        name: its Swarm service.
        domain: its public name.
        extra_domains: older names that must keep answering.
        port: where it listens, on its own network only.
        memory_limit: bytes.
        memory_reservation: bytes.
        start_period: how long a start may take before a failing health check counts.
    """

    name: ServiceName = "crm-backend"
    domain: Domain
    extra_domains: Listed[Domain] = ()
    port: Port = 3001
    memory_limit: ByteSize = _GIB
    memory_reservation: ByteSize = _GIB // 4
    start_period: Timespan = Duration(30)


class Postgres(Model):
    """The database.

    Attributes:
        name: its Swarm service, and its name on the system's own network.
        image: the server; the same major version for as long as its volume lives.
        user: who owns the database.
        database: its name.
        memory_limit: bytes; what the server may use of them follows.
        memory_reservation: bytes.
    """

    name: ServiceName = "crm-postgres"
    image: ImageRef
    user: PostgresName = "crm_user"
    database: PostgresName = "crm_whatsapp_saas"
    memory_limit: ByteSize = _GIB
    memory_reservation: ByteSize = _GIB // 4


class Paths(Model):
    """Where the backend looks inside its container; no runbook says it.

    Attributes:
        env_file: its `.env`.
        uploads: what users send.
        logs: what it writes about itself.
    """

    env_file: AbsolutePath = "/app/.env"
    uploads: AbsolutePath = "/app/uploads"
    logs: AbsolutePath = "/app/logs"


class CrmBackup(Backup):
    """Copies made before each release, of the database and of the files.

    Attributes:
        enabled: whether there are any; without them a release cannot put data back.
    """

    enabled: bool = True


class Verify(Model):
    """What a user would ask through the edge, and what has to be the answer.

    Attributes:
        path: of the question, also the container's own health check.
        status: of the answer.
        body: a text that must be part of it.
        release: the key of the answer's JSON that shows the release.
        attempts: how often it is asked.
        interval: time between two questions.
    """

    path: HttpPath = "/api/health"
    status: HttpStatus = 200
    body: Argument | None = None
    release: Argument | None = None
    attempts: Attempts = 30
    interval: Timespan = Duration(5)


class Crm(Application):
    """The whole system; its image is the backend.

    Attributes:
        name: the prefix of volumes and networks.
        migrations: whether the old release may serve while and after the schema changes.
        seed: a command of the image that makes first data, run at each release, or none.
        backend: the backend.
        postgres: its database.
        paths: where the backend looks inside its container.
        env: variables that are not secret.
        backup: copies made before each release.
        verify: the question that ends a release.
    """

    name: ServiceName = "crm"
    # On Postgres a migration is one transaction, so a failed one leaves nothing behind.
    migrations: Migrations = "online"
    seed: Argument | None = None
    backend: Backend
    postgres: Postgres
    paths: Paths = Paths()
    env: dict[VariableName, Variable] = Field(default_factory=dict)
    backup: CrmBackup = CrmBackup()
    verify: Verify = Verify()

    def domains(self) -> dict[str, str]:
        """Each setting that holds a domain → the domain, the keys below `crm`."""
        domains = {"backend.domain": self.backend.domain}
        for index, domain in enumerate(self.backend.extra_domains):
            domains[f"backend.extra_domains[{index}]"] = domain
        return domains
