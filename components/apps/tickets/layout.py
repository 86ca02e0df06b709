"""Names and paths of the tickets system, as `docker stack deploy` made them. Pure."""

from dataclasses import dataclass

from components.swarm.order import Mount
from settings import Edge, Tickets

APP = "/app"
ENV_FILE = f"{APP}/.env"
DATA = f"{APP}/data"
ARCHIVES = f"{APP}/archives"
CONVEX_DATA = "/convex/data"
CONVEX_DATABASE = "db.sqlite3"
CONVEX_PORT = 3210
CONVEX_ALIAS = "convex_backend"
INTERNAL_CONVEX_URL = f"http://{CONVEX_ALIAS}:{CONVEX_PORT}"
DASHBOARD_PORT = 6791
WEB_PORT = 3000
DATABASES = ("web", "convex")
"""What the backups of each SQLite file are called."""
WEB_ALIAS = "web"


@dataclass(frozen=True)
class Names:
    """Docker names below one stack name; volumes keep the stack's prefix twice over.

    Attributes:
        stack: the prefix.
    """

    stack: str

    @property
    def web(self) -> str:
        """Service of the web application."""
        return f"{self.stack}_web"

    @property
    def convex(self) -> str:
        """Service of the Convex backend."""
        return f"{self.stack}_convex_backend"

    @property
    def dashboard(self) -> str:
        """Service of the Convex dashboard."""
        return f"{self.stack}_convex_dashboard"

    @property
    def cron(self) -> str:
        """Service of the recurring calls."""
        return f"{self.stack}_cron"

    @property
    def database_volume(self) -> str:
        """Volume of the web application's SQLite, called `sistema_db` in the stack's file."""
        return f"{self.stack}_sistema_db"

    @property
    def convex_volume(self) -> str:
        """Volume of Convex."""
        return f"{self.stack}_convex_data"

    @property
    def archive_volume(self) -> str:
        """Volume of the ticket archives."""
        return f"{self.stack}_archives"

    @property
    def backup_volume(self) -> str:
        """Volume of the copies made before a release."""
        return f"{self.stack}_backups"

    @property
    def volumes(self) -> tuple[str, ...]:
        """Every volume."""
        return (
            self.database_volume,
            self.convex_volume,
            self.archive_volume,
            self.backup_volume,
        )


def web_mounts(tickets: Tickets) -> list[Mount]:
    """Return what the web application and its jobs mount; a source tree comes first."""
    names = Names(tickets.name)
    mounts = [
        Mount(kind="volume", source=names.database_volume, target=DATA),
        Mount(kind="volume", source=names.archive_volume, target=ARCHIVES),
    ]
    if tickets.source is not None:
        mounts.insert(0, Mount(kind="bind", source=tickets.source.path, target=APP))
    return mounts


def web_database(tickets: Tickets) -> str:
    """Return the path of the web application's SQLite file in its volume."""
    return tickets.env.DATABASE_URL.removeprefix(f"file:{DATA}/")


def addresses(tickets: Tickets, edge: Edge) -> dict[str, str]:
    """Return name → public address that answers 200 once everything is up."""
    urls = {
        "tickets": edge.url(tickets.web.domain),
        "convex": edge.url(tickets.convex.domain) + "/version",
    }
    if tickets.dashboard is not None:
        urls["convex-admin"] = edge.url(tickets.dashboard.domain)
    return urls


def service_names(tickets: Tickets) -> dict[str, str]:
    """Return logical name → Swarm service."""
    names = Names(tickets.name)
    services = {"tickets": names.web, "convex": names.convex}
    if tickets.dashboard is not None:
        services["convex-admin"] = names.dashboard
    if tickets.cron.chat_cleanup is not None or tickets.cron.usb_cleanup is not None:
        services["tickets-cron"] = names.cron
    return services
