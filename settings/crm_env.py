"""The variables of the CRM, in one `.env` file.

No runbook has a list of them (G-11), so all but those that follow from settings are the owner's to
name: the plain ones in `estate:crm.env`, the secret ones in `estate:crmSecrets.env`.
"""

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .model import Model
from .needs import Needs
from .types import HexSecret, LongSecret, Secret

if TYPE_CHECKING:
    from .crm import Crm

POSTGRES_PORT = 5432
REFUSED = {
    "DATABASE_URL": (
        "follows from estate:crm.postgres and estate:crmSecrets.POSTGRES_PASSWORD; remove the line"
    ),
    "PORT": "follows from estate:crm.backend.port; remove the line",
    "RELEASE_SHA": "follows from estate:crm.release_sha; remove the line",
}
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII)


def _read_name(value: object) -> str | None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        return None
    if value in REFUSED:
        raise ValueError(REFUSED[value])
    return value


VariableName = Annotated[
    str, Needs("a variable's name in capitals, for example WHATSAPP_API_URL", _read_name)
]


class CrmSecrets(Model):
    """Secrets of `estate:crm`.

    Attributes:
        POSTGRES_PASSWORD: the database is made with it, and the backend logs in with it.
        env: secret variables of the backend, by their own names.
    """

    # Only hex digits: the password is part of a URL.
    POSTGRES_PASSWORD: HexSecret
    env: dict[VariableName, Secret] = Field(default_factory=dict)


class BackupSecrets(Model):
    """Secrets of the backups, whichever system they are of.

    Attributes:
        RESTIC_PASSWORD: encrypts the copies of plain folders; without it they cannot be read.
    """

    RESTIC_PASSWORD: LongSecret


def database_url(crm: "Crm", secrets: CrmSecrets) -> str:
    """Return the address of the database as Prisma takes it, password included."""
    postgres = crm.postgres
    login = f"{postgres.user}:{secrets.POSTGRES_PASSWORD.get_secret_value()}"
    return f"postgresql://{login}@{postgres.name}:{POSTGRES_PORT}/{postgres.database}?schema=public"


def crm_env(crm: "Crm", secrets: CrmSecrets) -> dict[str, str]:
    """Return the variables of the backend's `.env` file, by name, secret values included."""
    variables = {
        "DATABASE_URL": database_url(crm, secrets),
        "PORT": str(crm.backend.port),
        **crm.env,
        **{name: secret.get_secret_value() for name, secret in secrets.env.items()},
    }
    return {name: variables[name] for name in sorted(variables)}
