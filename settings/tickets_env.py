"""The variables of the tickets system: who sets each, and who reads it.

The web application reads a `.env` file, Convex functions read the deployment's own environment, and
neither sees the other's. Settings and secrets carry the variables' own names, so that they can be
found by searching for them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from .model import Model
from .types import (
    DatabaseUrl,
    Domain,
    Email,
    HexSecret,
    Hour,
    LongSecret,
    Milliseconds,
    Port,
    Secret,
    Sender,
    StrongSecret,
    Variable,
)

if TYPE_CHECKING:
    from .edge import Edge
    from .tickets import Tickets

CONVEX_INTERNAL_URL = "http://convex_backend:3210"
ARCHIVE_DIR = "/app/archives"
CONVEX_VARIABLES = (
    "MACHINE_PROVISIONING_SECRET",
    "MACHINE_TOKEN_TTL_MS",
    "FLEET_SYNC_SECRET",
    "INTERNAL_HEALTH_TOKEN",
    "REPORTS_CRON_SECRET",
    "MACHINE_ALERTS_CREATE_TICKETS",
    "MACHINE_ALERTS_TICKET_REQUESTER_EMAIL",
)
"""Every variable of the Convex deployment that is ours: one that is not set is to be absent."""

_MUST_BE_ABSENT = (
    "must not be set: with it the Convex CLI leaves the self-hosted backend; remove the line"
)


class TicketsEnv(Model):
    """Variables that are not secret and do not follow from another setting."""

    refused: ClassVar[Mapping[str, str]] = {
        "CONVEX_DEPLOYMENT": _MUST_BE_ABSENT,
        "NEXT_PUBLIC_APP_URL": "follows from estate:tickets.web.domain; remove the line",
        "BETTER_AUTH_URL": "follows from estate:tickets.web.domain; remove the line",
        "NEXT_PUBLIC_CONVEX_URL": "follows from estate:tickets.convex.domain; remove the line",
        "CONVEX_INTERNAL_URL": f"is always {CONVEX_INTERNAL_URL}; remove the line",
        "ARCHIVE_DIR": f"is always {ARCHIVE_DIR}, which is a volume; remove the line",
        "SEED_ENSURE_ONLY": "follows from estate:tickets.seed.ensure_only; remove the line",
        "SEED_TENANT_ID": "follows from estate:tickets.seed.tenant_id; remove the line",
        "RELEASE_SHA": "follows from estate:tickets.release_sha; remove the line",
        "SKIP_APT_BOOTSTRAP": "follows from estate:tickets.flags; remove the line",
        "SKIP_SQLITE_REBUILD": "follows from estate:tickets.flags; remove the line",
        "CRON_SECRET": "follows from estate:ticketsSecrets.REPORTS_CRON_SECRET; remove the line",
    }

    DATABASE_URL: DatabaseUrl = "file:/app/data/db.sqlite"
    SMTP_ADDRESS: Domain
    SMTP_PORT: Port = 465
    SMTP_DOMAIN: Domain
    SMTP_USERNAME: Variable
    SMTP_AUTHENTICATION: Variable = "login"
    SMTP_ENABLE_STARTTLS_AUTO: bool = False
    SMTP_TLS: bool = True
    MAILER_SENDER_EMAIL: Sender
    MACHINE_TOKEN_TTL_MS: Milliseconds = 2_592_000_000
    ALERTS_LOCAL_HOUR: Hour = 8
    SYNC_TENANT_ID: Variable = "tenant-atlas"
    MACHINE_ALERTS_CREATE_TICKETS: bool = True
    MACHINE_ALERTS_TICKET_REQUESTER_EMAIL: Email | None = None


class TicketsSecrets(Model):
    """Secrets of `estate:tickets`, each given once, whoever reads it.

    Attributes:
        BETTER_AUTH_SECRET: signs sessions; a new value ends every session.
        MACHINE_PROVISIONING_SECRET: lets a device register; web and Convex compare it.
        CONVEX_SYNC_SECRET: web → Convex synchronisation.
        CONVEX_INSTANCE_SECRET: from which the Convex backend makes its admin keys.
        SMTP_PASSWORD: for the mail account.
        REPORTS_CRON_SECRET: what the recurring jobs show, also read as CRON_SECRET.
        FLEET_SYNC_SECRET: optional; never the provisioning secret a second time.
        INTERNAL_HEALTH_TOKEN: optional; the application falls back to REPORTS_CRON_SECRET.
        SEED_USER_PASSWORD: of the first administrator; the seed job alone sees it.
    """

    refused: ClassVar[Mapping[str, str]] = {
        "CONVEX_DEPLOYMENT": _MUST_BE_ABSENT,
        "CRON_SECRET": "is REPORTS_CRON_SECRET under another name; set only that one",
        "CONVEX_SELF_HOSTED_ADMIN_KEY": "is made by the running backend; remove the line",
    }

    BETTER_AUTH_SECRET: LongSecret
    MACHINE_PROVISIONING_SECRET: StrongSecret
    CONVEX_SYNC_SECRET: Secret
    CONVEX_INSTANCE_SECRET: HexSecret
    SMTP_PASSWORD: Secret
    REPORTS_CRON_SECRET: StrongSecret
    FLEET_SYNC_SECRET: StrongSecret | None = None
    INTERNAL_HEALTH_TOKEN: StrongSecret | None = None
    SEED_USER_PASSWORD: Secret | None = None


def web_env(tickets: "Tickets", secrets: TicketsSecrets, *, edge: "Edge") -> dict[str, str]:
    """Return the variables of the web application's `.env` file, secret values included."""
    env = tickets.env
    return _written({
        "NEXT_PUBLIC_APP_URL": edge.url(tickets.web.domain),
        "BETTER_AUTH_URL": edge.url(tickets.web.domain),
        "NEXT_PUBLIC_CONVEX_URL": edge.url(tickets.convex.domain),
        "CONVEX_INTERNAL_URL": CONVEX_INTERNAL_URL,
        "BETTER_AUTH_SECRET": secrets.BETTER_AUTH_SECRET,
        "DATABASE_URL": env.DATABASE_URL,
        "SEED_ENSURE_ONLY": tickets.seed.ensure_only,
        "SMTP_ADDRESS": env.SMTP_ADDRESS,
        "SMTP_PORT": env.SMTP_PORT,
        "SMTP_DOMAIN": env.SMTP_DOMAIN,
        "SMTP_USERNAME": env.SMTP_USERNAME,
        "SMTP_PASSWORD": secrets.SMTP_PASSWORD,
        "SMTP_AUTHENTICATION": env.SMTP_AUTHENTICATION,
        "SMTP_ENABLE_STARTTLS_AUTO": env.SMTP_ENABLE_STARTTLS_AUTO,
        "SMTP_TLS": env.SMTP_TLS,
        "MAILER_SENDER_EMAIL": env.MAILER_SENDER_EMAIL,
        "CONVEX_SYNC_SECRET": secrets.CONVEX_SYNC_SECRET,
        "ALERTS_LOCAL_HOUR": env.ALERTS_LOCAL_HOUR,
        "SYNC_TENANT_ID": env.SYNC_TENANT_ID,
        "SEED_TENANT_ID": tickets.seed.tenant_id,
        "CRON_SECRET": secrets.REPORTS_CRON_SECRET,
        "ARCHIVE_DIR": ARCHIVE_DIR,
        **start_env(tickets),
        **_shared(env, secrets),
    })


def convex_env(tickets: "Tickets", secrets: TicketsSecrets) -> dict[str, str]:
    """Return the variables of the Convex deployment, secret values included.

    What `CONVEX_VARIABLES` names and this leaves out has no value and is to be absent there.
    """
    return _written(_shared(tickets.env, secrets))


def start_env(tickets: "Tickets") -> dict[str, str]:
    """Return the variables that a start script may want before it reads the `.env` file."""
    return _written({
        "SKIP_APT_BOOTSTRAP": tickets.flags.skip_apt_bootstrap,
        "SKIP_SQLITE_REBUILD": tickets.flags.skip_sqlite_rebuild,
    })


def seed_env(tickets: "Tickets", secrets: TicketsSecrets) -> dict[str, str]:
    """Return what the seed job alone is given: the administrator to create, or nothing."""
    admin = tickets.seed.admin
    if admin is None:
        return {}
    return _written({
        "SEED_USER_EMAIL": admin.email,
        "SEED_USER_NAME": admin.name,
        "SEED_USER_ROLE": "admin",
        "SEED_USER_PASSWORD": secrets.SEED_USER_PASSWORD,
    })


def _shared(env: TicketsEnv, secrets: TicketsSecrets) -> dict[str, "str | int | SecretStr | None"]:
    """What web and Convex both read; no runbook says which of them uses the alerts."""
    return {
        "MACHINE_PROVISIONING_SECRET": secrets.MACHINE_PROVISIONING_SECRET,
        "MACHINE_TOKEN_TTL_MS": env.MACHINE_TOKEN_TTL_MS,
        "FLEET_SYNC_SECRET": secrets.FLEET_SYNC_SECRET,
        "INTERNAL_HEALTH_TOKEN": secrets.INTERNAL_HEALTH_TOKEN,
        "REPORTS_CRON_SECRET": secrets.REPORTS_CRON_SECRET,
        "MACHINE_ALERTS_CREATE_TICKETS": env.MACHINE_ALERTS_CREATE_TICKETS,
        "MACHINE_ALERTS_TICKET_REQUESTER_EMAIL": env.MACHINE_ALERTS_TICKET_REQUESTER_EMAIL,
    }


def _written(values: Mapping[str, "str | int | SecretStr | None"]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: "str | int | SecretStr") -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
