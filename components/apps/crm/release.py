"""A release of the CRM as the phases of one transaction. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components import phases
from components.apps.crm.layout import APP, Names, backend_mounts, health_url
from components.job import Jobs
from components.release import Phase, Transaction, fingerprint
from settings import (
    POSTGRES_PORT,
    BackupSecrets,
    Crm,
    CrmSecrets,
    Edge,
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


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What the phases of a release share.

    Attributes:
        crm: the settings.
        secrets: their secrets.
        backup_secrets: of the backups of plain folders; needed while backups are enabled.
        edge: for the public address.
        tools: the image of the backup.
        names: Docker names.
        pinned: constraints that keep a job beside the volumes.
        labels: who made it.
        env_secret: Docker name of the generation of the `.env`.
        password_secret: Docker name of the generation of the database's password.
    """

    crm: Crm
    secrets: CrmSecrets
    backup_secrets: BackupSecrets | None
    edge: Edge
    tools: Tools
    names: Names
    pinned: Sequence[str]
    labels: Mapping[str, str]
    env_secret: str
    password_secret: str

    @property
    def jobs(self) -> Jobs:
        """One-shot jobs of this release."""
        return Jobs(
            prefix=self.names.prefix,
            release=self.crm.release,
            image=self.crm.image,
            mounts=backend_mounts(self.crm, self.names),
            network=self.names.network,
            env_secret=self.env_secret,
            env_file=self.crm.paths.env_file,
            constraints=self.pinned,
            memory_limit=self.crm.backend.memory_limit,
            labels=self.labels,
            limit_s=self.crm.job_limit.seconds,
        )

    def backend(self) -> Transaction:
        """Return the transaction of the backend."""
        crm = self.crm
        return Transaction(
            app=self.names.prefix,
            release=crm.release,
            image=crm.image,
            version=[crm.image, crm.release],
            mode=crm.migrations,
            service=crm.backend.name,
            writers=[crm.backend.name] if crm.migrations == "offline" else [],
            verify=self._verify(),
            secrets={"hidden": [*secret_texts(self.secrets), *self._passwords()]},
        )

    def _verify(self) -> dict[str, object]:
        verify = self.crm.verify
        question = {
            "url": health_url(self.crm, self.edge),
            "status": verify.status,
            "body": verify.body,
            "release_key": verify.release,
        }
        return phases.asked(
            self.edge, [question], attempts=verify.attempts, interval=verify.interval
        )

    def _passwords(self) -> list[str]:
        """Return the variables that hold a password among other things."""
        return [crm_env(self.crm, self.secrets)["DATABASE_URL"]]

    def sources(self) -> list[dict[str, object]]:
        """Return everything that is data: the database, and the two folders."""
        postgres, names = self.crm.postgres, self.names
        return [
            {
                "kind": "postgres",
                "name": "database",
                "image": postgres.image,
                "network": names.network,
                "host": postgres.name,
                "port": POSTGRES_PORT,
                "user": postgres.user,
                "database": postgres.database,
                "password_secret": self.password_secret,
            },
            {"kind": "folder", "name": "uploads", "volume": names.uploads_volume},
            {"kind": "folder", "name": "logs", "volume": names.logs_volume},
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
        """Return the phase that brings the schema to the new image's, on the new image."""
        what = "npx prisma migrate deploy"
        script = f"cd {APP} && exec {what}"
        return phases.resolving(phases.work(self.jobs, "migrate", script, what=what), _RESOLVE)

    def seed(self) -> Phase | None:
        """Return the phase that runs the seed command, or None without one."""
        command = self.crm.seed
        if command is None:
            return None
        script = f"cd {APP} && {command}"
        triggers = [fingerprint(command)]
        return phases.work(self.jobs, "seed", script, what=command, triggers=triggers)
