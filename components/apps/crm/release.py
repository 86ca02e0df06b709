"""A release of the CRM as the phases of one transaction. Pure."""

from dataclasses import dataclass

from components import phases
from components.apps.crm.layout import APP, Names, backend_mounts
from components.apps.surroundings import Surroundings
from components.job import Jobs
from components.release import Phase, Transaction, fingerprint
from components.swarm.secret import SecretFile
from settings import (
    POSTGRES_PORT,
    BackupSecrets,
    Crm,
    CrmSecrets,
    Tools,
    crm_env,
    secret_texts,
)

_RESOLVE = """
cd /app; sql="prisma/migrations/$MIGRATION/migration.sql"
if [ ! -f "$sql" ]; then echo "$MIGRATION is not in this image" >&2; exit 4; fi
if grep -Eiq '(^|[;[:space:]])(commit|rollback|concurrently|vacuum)' "$sql"; then
  echo "$MIGRATION may have left a part of itself" >&2; exit 3
fi
tries=0
until said=$(npx prisma migrate resolve --rolled-back "$MIGRATION" 2>&1); do
  echo "$said" >&2; tries=$((tries + 1))
  case "$said" in *P1001*|*P1002*|*P1017*) ;; *) exit 1 ;; esac
  [ "$tries" -lt 10 ] || exit 1
  sleep 3
done
echo "$said"
"""
"""Prisma sends a migration to Postgres as one query, so one that fails is undone as a whole, unless
it ends its transaction by itself or holds what no transaction can. A database that has just died
is back in a moment, and what holds its lock is gone as soon as it has noticed."""

_TO_TRY = '{ [ -n "${TRIED:-}" ] || npx prisma migrate status >/dev/null 2>&1 || exit 5; } && '
"""The command ends well when nothing is pending. It does not when the database is away, either:
then the copy is migrated in vain, and the migration itself says what is the matter."""
_DATABASE = "database"
"""What the database is called among the copies."""


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What the phases of a release share.

    Attributes:
        at: settings, edge and network.
        secrets: of the settings.
        backup_secrets: of the backups of plain folders; needed while backups are enabled.
        tools: the image of the backup.
        env: the backend's `.env`.
        password: the database's.
    """

    at: Surroundings[Crm]
    secrets: CrmSecrets
    backup_secrets: BackupSecrets | None
    tools: Tools
    env: SecretFile
    password: SecretFile

    @property
    def crm(self) -> Crm:
        """The settings."""
        return self.at.settings

    @property
    def names(self) -> Names:
        """Docker names."""
        return Names(self.crm.name)

    @property
    def jobs(self) -> Jobs:
        """One-shot jobs of this release."""
        limit = self.crm.backend.memory_limit
        return self.at.jobs(backend_mounts(self.crm), self.env, memory_limit=limit)

    def backend(self) -> Transaction:
        """Return the transaction of the backend."""
        service, domain = self.crm.backend.name, self.crm.backend.domain
        # It holds the password among other things.
        url = crm_env(self.crm, self.secrets)["DATABASE_URL"]
        return self.at.transaction(
            service,
            writers=[service],
            verify=phases.served(self.at.edge, domain, self.crm.verify),
            secrets={"hidden": [*secret_texts(self.secrets), url]},
        )

    def sources(self) -> list[dict[str, object]]:
        """Return everything that is data: the database, and the two folders."""
        postgres, names = self.crm.postgres, self.names
        return [
            {
                "kind": "postgres",
                "name": _DATABASE,
                "image": postgres.image,
                "network": self.at.private.name,
                "host": postgres.name,
                "port": POSTGRES_PORT,
                "user": postgres.user,
                "database": postgres.database,
                "password_secret": self.password.name,
            },
            phases.folder("uploads", names.uploads_volume),
            phases.folder("logs", names.logs_volume),
        ]

    def backup(self) -> Phase | None:
        """Return the phase that copies and proves all data, or None when backups are off."""
        if not self.crm.backup.enabled:
            return None
        return phases.backup(
            self.jobs,
            self.sources(),
            tools=self.tools.image,
            volume=self.names.backup_volume,
            keep=self.crm.backup.keep,
            secrets=self.backup_secrets,
        )

    def migrate(self) -> Phase:
        """Return the phase that brings the schema to the new image's, on the new image.

        Online nothing else can put back what a failed one has committed, so it is tried first, on
        the copy that was just proven.
        """
        what, copies = "npx prisma migrate deploy", self.backup()
        is_tried = copies is not None and self.crm.migrations == "online"
        script = f"cd {APP} && {_TO_TRY if is_tried else ''}exec {what}"
        phase = phases.resolving(phases.work(self.jobs, "migrate", script, what=what), _RESOLVE)
        return phases.tried_first(phase, copies, _DATABASE) if copies and is_tried else phase

    def seed(self) -> Phase | None:
        """Return the phase that runs the seed command, or None without one."""
        command = self.crm.seed
        if command is None:
            return None
        script = f"cd {APP} && {command}"
        triggers = [fingerprint(command)]
        return phases.work(self.jobs, "seed", script, what=command, triggers=triggers)
