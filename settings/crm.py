"""The CRM: a backend and its Postgres."""

from pydantic import Field

from .application import Application, DailyBackup, Front, Migrations, Part, Verify
from .crm_env import VariableName
from .model import Model
from .types import AbsolutePath, Argument, ImageRef, Port, PostgresName, ServiceName, Variable


class Backend(Front):
    """The backend.

    Attributes:
        name: its Swarm service.
        port: where it listens, on its own network only.
    """

    name: ServiceName = "crm-backend"
    port: Port = 3001


class Postgres(Part):
    """The database.

    Attributes:
        name: its Swarm service, and its name on the system's own network.
        image: the server; the same major version for as long as its volume lives.
        user: who owns the database.
        database: its name.
    """

    name: ServiceName = "crm-postgres"
    image: ImageRef
    user: PostgresName = "crm_user"
    database: PostgresName = "crm_whatsapp_saas"


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


class CrmBackup(DailyBackup):
    """Copies made before each release, of the database and of the files.

    Attributes:
        enabled: whether there are any; without them a release cannot put data back.
    """

    enabled: bool = True


class Crm(Application):
    """The whole system; its image is the backend.

    Attributes:
        seed: a command of the image that makes first data, run at each release, or none.
        backend: the backend.
        postgres: its database.
        paths: where the backend looks inside its container.
        env: variables that are not secret.
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
        return self.backend.names("backend")
