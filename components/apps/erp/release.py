"""A release of the ERP as the phases of one transaction. Pure."""

from dataclasses import dataclass

from components import phases
from components.apps.erp import services
from components.apps.erp.layout import (
    BENCH,
    DATABASE_PORT,
    FRONTEND_PORT,
    REDIS_PORT,
    WEBSOCKET_PORT,
    Names,
    bench_mounts,
)
from components.apps.surroundings import Ground
from components.job import Jobs
from components.release import Phase, Transaction
from components.swarm.secret import SecretFile
from components.swarm.service import as_input, mount_input
from settings import Erp, ErpSecrets, Npm, Waves

_CONFIGURE = f"""
set -eu
cd {BENCH}
ls -1 apps >sites/.apps.txt
mv sites/.apps.txt sites/apps.txt
bench set-config -g db_host db
bench set-config -gp db_port {DATABASE_PORT}
bench set-config -g redis_cache redis://redis-cache:{REDIS_PORT}
bench set-config -g redis_queue redis://redis-queue:{REDIS_PORT}
bench set-config -g redis_socketio redis://redis-socketio:{REDIS_PORT}
bench set-config -gp socketio_port {WEBSOCKET_PORT}
"""
"""What all sites share: which apps the image has, and where database and Redis are."""

_WAVE_LIMIT_S = 6 * 3600
"""For all sites together; one that is killed is gone on with by the next run."""


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What the phases of a release share.

    Attributes:
        at: settings and networks.
        npm: the proxy in front.
        secrets: of the settings.
        root_password: the database's.
    """

    at: Ground[Erp]
    npm: Npm
    secrets: ErpSecrets
    root_password: SecretFile

    @property
    def erp(self) -> Erp:
        """The settings."""
        return self.at.settings

    @property
    def names(self) -> Names:
        """Docker names."""
        return Names(self.erp.name)

    @property
    def jobs(self) -> Jobs:
        """One-shot jobs of this release."""
        limit = self.erp.backend.memory_limit
        return self.at.jobs(bench_mounts(self.erp), self.root_password, memory_limit=limit)

    def transaction(self) -> Transaction:
        """Return the transaction of all services of the image."""
        erp = self.erp
        probe = erp.probe()
        return self.at.transaction(
            self.names.service("backend"),
            writers=self.names.bench,
            verify=phases.served(self.npm, erp.site(probe or ""), erp.verify),
            # No customer's password: none is used, and one more would change every phase's input.
            secrets={"hidden": [self.secrets.MARIADB_ROOT_PASSWORD.get_secret_value()]},
        )

    def configure(self) -> Phase:
        """Return the phase that writes what all sites share: a fresh volume cannot do without."""
        return phases.work(self.jobs, "configure", _CONFIGURE, what="the bench's configuration")

    def wave(self) -> Phase:
        """Return the phase in which the new image serves, and the sites follow it in batches."""
        erp, names, waves = self.erp, self.names, self.erp.waves
        canary = waves.canary and erp.site(waves.canary)
        return Phase(
            name="wave",
            kind="wave",
            given={
                "bench": bench_job(self.at, "wave"),
                "root_password_secret": self.root_password.name,
                "copies": names.backup_volume,
                "keep": erp.backup.keep,
                "canary": canary,
                "batch": waves.batch,
                "on_failure": waves.on_failure,
                "services": [as_input(spec) for spec in services.answering(self.at)],
                "url": f"http://frontend:{FRONTEND_PORT}{erp.verify.path}",
                "site_limit_s": erp.job_limit.seconds,
                "timeout_s": _WAVE_LIMIT_S,
            },
            limit_s=_WAVE_LIMIT_S,
            words=_words(waves, canary),
        )


def bench_job(at: Ground[Erp], what: str) -> dict[str, object]:
    """Return a job beside the sites, on the image of the release, as steps/erp wants it.

    Args:
        at: the ground.
        what: end of its name.
    """
    return {
        "name": f"{at.settings.name}_{what}",
        "image": at.settings.image,
        "constraints": list(at.pinned),
        "labels": dict(at.labels),
        "mounts": [mount_input(mount) for mount in bench_mounts(at.settings)],
        "network": at.private.name,
    }


def _words(waves: Waves, canary: str | None) -> str:
    """Return what a person should know, short enough for a line of the preview."""
    first = "" if canary is None else f"{canary} first, then "
    after = {"continue": "the others go on", "stop": "no other is begun"}[waves.on_failure]
    return (
        f"offline: sites closed, {first}{waves.batch} at a time; "
        f"one that fails gets its data back and stays closed, {after}"
    )
