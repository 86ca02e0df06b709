"""Rules about secrets: each is there, and none is a known or a shared one."""

from collections.abc import Iterator

from .estate import Estate
from .host_names import Mistake
from .model import Model
from .npm import NpmSecrets
from .placeholder import WORD
from .schema import bare_type
from .types import GENERATE


def check_secrets(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """Each application that has secrets has them in the stack."""
    for key in estate.applications():
        field = Estate.model_fields.get(f"{key}_secrets")
        if field and getattr(estate, f"{key}_secrets") is None:
            yield str(field.alias), f"is missing: estate:{key} needs {_required(field.annotation)}"


def check_tickets_secrets(estate: Estate, stack: str) -> Iterator[Mistake]:
    """No secret of tickets is a known or a shared one."""
    tickets, secrets = estate.tickets, estate.tickets_secrets
    if not secrets:
        return
    if tickets and tickets.seed.admin and secrets.SEED_USER_PASSWORD is None:
        yield "ticketsSecrets.SEED_USER_PASSWORD", "is missing: estate:tickets.seed.admin needs it"
    sync = secrets.CONVEX_SYNC_SECRET
    if sync and sync.get_secret_value() == "dev-sync-secret" and stack != "local":
        yield (
            "ticketsSecrets.CONVEX_SYNC_SECRET",
            "must not be the value of the example; make one with: openssl rand -hex 32",
        )
    fleet = secrets.FLEET_SYNC_SECRET
    if fleet and fleet == secrets.MACHINE_PROVISIONING_SECRET and fleet.get_secret_value() != WORD:
        yield (
            "ticketsSecrets.FLEET_SYNC_SECRET",
            "must not be MACHINE_PROVISIONING_SECRET again; give it its own or remove it",
        )


def check_crm_secrets(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The CRM has each variable once, and a password for its backups."""
    crm, secrets = estate.crm, estate.crm_secrets
    if not crm:
        return
    if secrets:
        for name in secrets.env:
            if name in crm.env:
                yield f"crm.env.{name}", "is in estate:crmSecrets.env too; remove this line"
    if crm.backup.enabled and estate.backup_secrets is None:
        yield (
            "backupSecrets.RESTIC_PASSWORD",
            "is missing: the backups of estate:crm have folders, which it encrypts",
        )


def check_erp_secrets(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The proxy has an administrator, and each customer's site too."""
    if estate.npm and estate.npm_secrets is None:
        yield "npmSecrets", f"is missing: estate:npm needs {_required(NpmSecrets)}"
    if not estate.erp or not estate.erp_secrets:
        return
    for name, tenant in estate.erp.tenants.items():
        if tenant.state != "archived" and name not in estate.erp_secrets.tenants:
            yield (
                f"erpSecrets.tenants.{name}.ADMIN_PASSWORD",
                f"is missing: estate:erp.tenants.{name} needs it; {GENERATE}",
            )


def check_offsite_secrets(estate: Estate, stack: str) -> Iterator[Mistake]:
    """The store off the machine has its secrets, and no secret crosses the network in clear."""
    offsite, secrets = estate.offsite, estate.offsite_secrets
    if not offsite:
        return
    if secrets is None:
        needed = "ACCESS_KEY, SECRET_KEY, RESTIC_PASSWORD"
        yield "offsiteSecrets", f"is missing: estate:offsite needs {needed}"
    if stack != "local" and offsite.endpoint and offsite.endpoint.startswith("http://"):
        yield "offsite.endpoint", "needs https:// outside of stack local"


def _required(annotation: object) -> str:
    secrets = bare_type(annotation)
    fields = secrets.model_fields if isinstance(secrets, type(Model)) else {}
    return ", ".join(name for name, field in fields.items() if field.is_required())
