"""Names and paths of the CRM. Pure."""

from dataclasses import dataclass

from components.swarm.order import Mount
from settings import Crm, Edge

APP = "/app"
BACKEND_ALIAS = "backend"
POSTGRES_DATA = "/var/lib/postgresql/data"
PASSWORD_FILE = "/run/secrets/postgres_password"  # noqa: S105 - a path


@dataclass(frozen=True)
class Names:
    """Docker names below the prefix of the stack file; the two services have names of their own.

    Attributes:
        prefix: `estate:crm.name`.
    """

    prefix: str

    @property
    def database_volume(self) -> str:
        """Volume of Postgres."""
        return f"{self.prefix}_postgres"

    @property
    def uploads_volume(self) -> str:
        """Volume of what users send."""
        return f"{self.prefix}_uploads"

    @property
    def logs_volume(self) -> str:
        """Volume of what the backend writes about itself."""
        return f"{self.prefix}_logs"

    @property
    def backup_volume(self) -> str:
        """Volume of the copies made before a release."""
        return f"{self.prefix}_backups"

    @property
    def volumes(self) -> tuple[str, ...]:
        """Every volume."""
        return (
            self.database_volume,
            self.uploads_volume,
            self.logs_volume,
            self.backup_volume,
        )

    @property
    def env_secret(self) -> str:
        """Family of the backend's `.env`; a generation has a hash behind it."""
        return f"{self.prefix}_backend_env"

    @property
    def password_secret(self) -> str:
        """Family of the database's password."""
        return f"{self.prefix}_postgres_password"


def backend_mounts(crm: Crm) -> list[Mount]:
    """Return what the backend mounts, and its jobs that write files.

    Shared: an upload is a file of its own and logs are appended to, so the old and the new task
    can write side by side while one takes over from the other.
    """
    names = Names(crm.name)
    return [
        Mount(kind="volume", source=names.uploads_volume, target=crm.paths.uploads, shared=True),
        Mount(kind="volume", source=names.logs_volume, target=crm.paths.logs, shared=True),
    ]


def health_url(crm: Crm, edge: Edge) -> str:
    """Return the address that a user would ask."""
    return edge.url(crm.backend.domain) + crm.verify.path


def addresses(crm: Crm, edge: Edge) -> dict[str, str]:
    """Return name → public address that answers 200 once everything is up."""
    return {"crm": health_url(crm, edge)}


def service_names(crm: Crm) -> dict[str, str]:
    """Return logical name → Swarm service."""
    return {"crm": crm.backend.name, "crm-postgres": crm.postgres.name}
