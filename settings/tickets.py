"""The tickets system: a web application and its Convex backend."""

from .application import Application, DailyBackup, Front, Migrations, Part, Released, digits
from .duration import Duration
from .model import Listed, Model
from .tickets_env import TicketsEnv
from .types import (
    AbsolutePath,
    Argument,
    Attempts,
    BcryptUser,
    ByteSize,
    Cidr,
    CronExpression,
    Domain,
    Email,
    HttpPath,
    ImageRef,
    InstanceName,
    ServiceName,
    Timespan,
    Variable,
)

_GIB = 2**30
_START_FROM_SOURCE = ("bash", "-lc", "bun run start:bun")


class Source(Model):
    """Code that lives on the host and not in the image.

    Attributes:
        path: the source tree, mounted at /app. Undoing a release cannot undo a change in it.
    """

    path: AbsolutePath


class Web(Front):
    """The web application.

    Attributes:
        command: instead of the image's own; see `Tickets.command`.
    """

    memory_limit: ByteSize = 2 * _GIB
    memory_reservation: ByteSize = _GIB // 2
    command: Listed[Argument] | None = None


class Convex(Part):
    """The Convex backend; the defaults of its memory are production's.

    Attributes:
        domain: its public name, also for WebSockets.
        image: the self-hosted backend.
        instance_name: stands in front of its admin keys.
    """

    domain: Domain
    image: ImageRef
    instance_name: InstanceName = "convex-self-hosted"
    memory_limit: ByteSize = 20 * _GIB
    memory_reservation: ByteSize = 8 * _GIB


class Dashboard(Model):
    """The Convex dashboard, which is never open to the world.

    Attributes:
        domain: its public name.
        image: same version as the backend.
        allow: networks that may reach it.
        users: who may log in, each `name:bcrypt hash`.
    """

    domain: Domain
    image: ImageRef
    allow: Listed[Cidr] = ()
    users: Listed[BcryptUser] = ()


class Admin(Model):
    """The administrator that the seed creates; the password is a secret.

    Attributes:
        email: login.
        name: as shown.
    """

    email: Email
    name: Variable


class Seed(Model):
    """First data.

    Attributes:
        ensure_only: create what is missing, never reset a password.
        tenant_id: the tenant that owns it.
        admin: one administrator, or none.
    """

    ensure_only: bool = True
    tenant_id: Variable = "tenant-atlas"
    admin: Admin | None = None


class Flags(Model):
    """What a start may leave out.

    Attributes:
        skip_apt_bootstrap: do not install system packages.
        skip_sqlite_rebuild: do not rebuild the native SQLite module.
    """

    skip_apt_bootstrap: bool = True
    skip_sqlite_rebuild: bool = True


class Smoke(Model):
    """The test from outside that ends a release.

    Attributes:
        register_path: where a device registers.
        heartbeat_path: where it reports.
        release_path: where the application shows its release as JSON; null asks no such thing.
        release_key: the key that shows it there.
        attempts: how often the test is tried.
        interval: time between two tries.
    """

    register_path: HttpPath = "/api/machines/register"
    heartbeat_path: HttpPath = "/api/machines/heartbeat"
    release_path: HttpPath | None = None
    release_key: Argument = "release"
    attempts: Attempts = 30
    interval: Timespan = Duration(5)


class Cron(Model):
    """Recurring calls of the web application; null switches one off.

    Attributes:
        chat_cleanup: ends inactive chat sessions.
        usb_cleanup: removes stale USB policies.
    """

    chat_cleanup: CronExpression | None = "* * * * *"
    usb_cleanup: CronExpression | None = "*/30 * * * *"


class Tickets(Application):
    """The whole system; its image is the web application, or the runtime of `source`.

    Attributes:
        source: code on the host instead of in the image.
        web: the web application.
        convex: its backend.
        dashboard: the backend's console, or none.
        env: variables that are not secret.
        seed: first data.
        flags: what a start may leave out.
        backup: copies made before each release, and daily.
        smoke: the test that ends a release.
        cron: recurring calls.
    """

    # What `docker stack deploy` called the stack.
    name: ServiceName = "sistema"
    # Prisma runs a SQLite migration statement by statement, without a transaction around it: one
    # that fails half-way can only be undone by the copy made before it.
    migrations: Migrations = "offline"
    source: Source | None = None
    web: Web
    convex: Convex
    dashboard: Dashboard | None = None
    env: TicketsEnv
    seed: Seed = Seed()
    flags: Flags = Flags()
    backup: DailyBackup = DailyBackup()
    smoke: Smoke = Smoke()
    cron: Cron = Cron()

    @property
    def command(self) -> tuple[str, ...] | None:
        """What the web container runs; None leaves it to the image."""
        if self.web.command is None and self.source is not None:
            return _START_FROM_SOURCE
        return self.web.command

    def transactions(self) -> dict[str, Released]:
        """Web, and Convex by its own image."""
        image = self.convex.image
        convex = Released(release=digits(image), image=image, key="convex")
        return {**super().transactions(), f"{self.name}-convex": convex}

    def domains(self) -> dict[str, str]:
        """Each setting that holds a domain → the domain, the keys below `tickets`."""
        domains = {**self.web.names("web"), "convex.domain": self.convex.domain}
        if self.dashboard is not None:
            domains["dashboard.domain"] = self.dashboard.domain
        return domains
