"""Names and paths of the ERP. Pure."""

from dataclasses import dataclass

from components.swarm.order import Mount
from settings import Erp, Npm

BENCH = "/home/frappe/frappe-bench"
SITES = f"{BENCH}/sites"
LOGS = f"{BENCH}/logs"
DATABASE = "/var/lib/mysql"
QUEUE_DATA = "/data"
ROOT_PASSWORD_FILE = "/run/secrets/mariadb_root_password"  # noqa: S105 - a path

DATABASE_PORT = 3306
REDIS_PORT = 6379
BACKEND_PORT = 8000
FRONTEND_PORT = 8080
WEBSOCKET_PORT = 9000

REDIS = ("cache", "queue", "socketio")
WORKERS = ("default", "long", "short")


@dataclass(frozen=True)
class Names:
    """Docker names below the prefix of the stack file.

    Attributes:
        prefix: `estate:erp.name`.
    """

    prefix: str

    def service(self, part: str) -> str:
        """Service of a part, such as `backend`, `redis-cache` or `queue-long`."""
        return f"{self.prefix}_{part}"

    @property
    def bench(self) -> tuple[str, ...]:
        """Services that run the image of the release, in the order in which they are stopped.

        What answers requests comes last: a worker may take long to end the job it has begun.
        """
        workers = (f"queue-{worker}" for worker in WORKERS)
        parts = ("scheduler", *workers, "frontend", "websocket", "backend")
        return tuple(map(self.service, parts))

    @property
    def database_volume(self) -> str:
        """Volume of the database server: every site's data."""
        return f"{self.prefix}_db-data"

    @property
    def queue_volume(self) -> str:
        """Volume of the jobs that wait."""
        return f"{self.prefix}_redis-queue-data"

    @property
    def sites_volume(self) -> str:
        """Volume of the sites: files, and configuration with the encryption keys."""
        return f"{self.prefix}_frappe-sites"

    @property
    def logs_volume(self) -> str:
        """Volume of what Frappe writes about itself."""
        return f"{self.prefix}_frappe-logs"

    @property
    def backup_volume(self) -> str:
        """Volume of the copies."""
        return f"{self.prefix}_backups"

    @property
    def volumes(self) -> tuple[str, ...]:
        """Every volume; none for assets: one would hide those of the next image."""
        return (
            self.database_volume,
            self.queue_volume,
            self.sites_volume,
            self.logs_volume,
            self.backup_volume,
        )

    @property
    def root_secret(self) -> str:
        """Family of the database's root password; a generation has a hash behind it."""
        return f"{self.prefix}_mariadb_root"


def bench_mounts(erp: Erp, *, shared: bool = True) -> list[Mount]:
    """Return what every service and job of the image mounts.

    Shared: a site's files are written one by one and its logs are appended to, by all services of
    the image at any time.

    Args:
        erp: the settings.
        shared: False for what must be there once.
    """
    names = Names(erp.name)
    return [
        Mount(kind="volume", source=names.sites_volume, target=SITES, shared=shared),
        Mount(kind="volume", source=names.logs_volume, target=LOGS, shared=True),
    ]


def addresses(erp: Erp, npm: Npm) -> dict[str, str]:
    """Return name → address that answers 200, one for each customer that is served."""
    return {
        f"erp-{name}": npm.url(erp.site(name)) + erp.verify.path
        for name, tenant in erp.tenants.items()
        if tenant.state == "active"
    }


def service_names(erp: Erp) -> dict[str, str]:
    """Return logical name → Swarm service."""
    names = Names(erp.name)
    parts = [name.removeprefix(f"{erp.name}_") for name in names.bench]
    every = [*parts, "db", *(f"redis-{one}" for one in REDIS)]
    return {f"erp-{part}": names.service(part) for part in every}
