"""The database and the three Redis servers of the ERP as specifications. Pure."""

from components.apps.erp.layout import (
    DATABASE,
    QUEUE_DATA,
    Names,
)
from components.apps.surroundings import Ground
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Healthcheck, ServiceSpec
from settings import Erp

_DATABASE_GRACE_S = 300
"""InnoDB writes all that is in its buffers (guess)."""
_DATABASE_START_S = 180
"""A first start makes the database; one after a crash reads the log again (guess)."""


def database(at: Ground[Erp], root_password: SecretFile) -> ServiceSpec:
    """Return the database server: on the private network alone, one writer of its volume.

    What Frappe needs of it: every text in utf8mb4, whatever a client says of itself.
    """
    settings, names = at.settings.mariadb, Names(at.settings.name)
    return ServiceSpec(
        name=names.service("db"),
        image=settings.image,
        args=[
            "mariadbd",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--skip-character-set-client-handshake",
            f"--innodb-buffer-pool-size={settings.memory_limit // 2}",
        ],
        env={"MARIADB_ROOT_PASSWORD_FILE": root_password.target, "MARIADB_AUTO_UPGRADE": "1"},
        healthcheck=Healthcheck(
            test=["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"],
            timeout_s=5,
            start_period_s=_DATABASE_START_S,
        ),
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.aliased("db")],
        mounts=[Mount(kind="volume", source=names.database_volume, target=DATABASE)],
        secrets=[root_password],
        labels=at.labels,
        constraints=at.pinned,
        stop_grace_s=_DATABASE_GRACE_S,
    )


def redis(at: Ground[Erp], kind: str) -> ServiceSpec:
    """Return one of the Redis servers.

    Only the queue keeps its data: jobs that wait must outlive a restart, and are never thrown away
    for want of memory. The cache may forget anything at any time.

    Args:
        at: the ground.
        kind: `cache`, `queue` or `socketio`.
    """
    settings, names = at.settings.redis, Names(at.settings.name)
    most = settings.memory_limit * 3 // 4
    kept = kind == "queue"
    policy = "noeviction" if kept else "allkeys-lru"
    args = ["redis-server", "--maxmemory", str(most), "--maxmemory-policy", policy]
    mounts = [Mount(kind="volume", source=names.queue_volume, target=QUEUE_DATA)] if kept else []
    return ServiceSpec(
        name=names.service(f"redis-{kind}"),
        image=settings.image,
        args=[*args, "--appendonly", "yes" if kept else "no"],
        healthcheck=Healthcheck(test=["CMD", "redis-cli", "ping"], start_period_s=10),
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.aliased(f"redis-{kind}")],
        mounts=mounts,
        labels=at.labels,
        constraints=at.pinned,
    )
