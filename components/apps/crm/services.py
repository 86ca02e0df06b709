"""The services of the CRM as specifications. Pure."""

from components.apps.crm.layout import (
    BACKEND_ALIAS,
    POSTGRES_DATA,
    Names,
    backend_mounts,
)
from components.apps.crm.postgres import arguments
from components.apps.surroundings import Surroundings
from components.edge.route import Route
from components.release import release_env
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Healthcheck, ServiceSpec
from settings import Crm

_POSTGRES_GRACE_S = 120
"""SIGINT ends its connections at once; the checkpoint after that takes the time (guess)."""
_POSTGRES_START_S = 120
"""A first start makes the database; one after a crash reads the log again (guess)."""


def postgres(at: Surroundings[Crm], password: SecretFile) -> ServiceSpec:
    """Return the database: on the private network alone, one writer of its volume."""
    settings, names = at.settings.postgres, Names(at.settings.name)
    return ServiceSpec(
        name=settings.name,
        image=settings.image,
        args=arguments(settings.memory_limit),
        env={
            "POSTGRES_USER": settings.user,
            "POSTGRES_DB": settings.database,
            "POSTGRES_PASSWORD_FILE": password.target,
        },
        healthcheck=Healthcheck(
            # Over TCP: while the image makes the database, its server listens on a socket only.
            test=[
                *("CMD", "pg_isready", "-h", "127.0.0.1"),
                *("-U", settings.user, "-d", settings.database),
            ],
            interval_s=10,
            timeout_s=5,
            start_period_s=_POSTGRES_START_S,
        ),
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.aliased(settings.name)],
        mounts=[Mount(kind="volume", source=names.database_volume, target=POSTGRES_DATA)],
        secrets=[password],
        labels=at.labels,
        constraints=at.pinned,
        stop_signal="SIGINT",
        stop_grace_s=_POSTGRES_GRACE_S,
    )


def backend(at: Surroundings[Crm], env_file: SecretFile) -> ServiceSpec:
    """Return the backend: it holds nothing that two of it cannot share, so it starts first."""
    crm, settings = at.settings, at.settings.backend
    page = f"http://127.0.0.1:{settings.port}{crm.verify.path}"
    answer = f"r.status==={crm.verify.status}"
    probe = f"fetch('{page}').then(r=>process.exit({answer}?0:1)).catch(()=>process.exit(1))"
    route = Route(
        service=settings.name,
        domains=[settings.domain, *settings.extra_domains],
        port=settings.port,
    )
    return ServiceSpec(
        name=settings.name,
        image=crm.image,
        env=release_env(crm),
        healthcheck=Healthcheck(
            test=["CMD", "node", "-e", probe],
            start_period_s=settings.start_period.seconds,
        ),
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.public, at.aliased(BACKEND_ALIAS)],
        mounts=backend_mounts(crm),
        secrets=[env_file],
        labels=at.routed(route),
        constraints=at.pinned,
    )
