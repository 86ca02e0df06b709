"""The services of the tickets system as specifications. Pure."""

import json
from collections.abc import Mapping
from shlex import quote

from components.apps.surroundings import Surroundings
from components.apps.tickets.layout import (
    APP,
    CONVEX_ALIAS,
    CONVEX_DATA,
    CONVEX_PORT,
    DASHBOARD_PORT,
    WEB_ALIAS,
    WEB_PORT,
    Names,
    web_mounts,
)
from components.edge.route import Route
from components.release import release_env
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Healthcheck, ServiceSpec
from settings import Dashboard, Tickets, Tools, start_env

INSTANCE_SECRET_FILE = "/run/secrets/convex_instance_secret"  # noqa: S105 - a path
CRON_SECRET_FILE = "/run/secrets/cron_secret"  # noqa: S105 - a path

_MIB = 2**20
_CONVEX_GRACE_S = 60
"""Convex closes its SQLite on SIGINT alone, and wants 30 s at least (facts of its own compose)."""
_RETENTION_S = 172_800
"""Two days of old document versions, as Convex's own compose file sets it."""


def web(at: Surroundings[Tickets], env_file: SecretFile) -> ServiceSpec:
    """Return the web application; the numbers of its health check are the runbook's."""
    tickets, name = at.settings, Names(at.settings.name).web
    page = f"http://localhost:{WEB_PORT}"
    probe = f"fetch('{page}').then(r=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))"
    return ServiceSpec(
        name=name,
        image=tickets.image,
        args=start_command(tickets),
        dir=APP if tickets.source is not None else None,
        env=release_env(tickets),
        healthcheck=Healthcheck(
            test=["CMD", "node", "-e", probe],
            interval_s=10,
            timeout_s=3,
            retries=5,
            start_period_s=tickets.web.start_period.seconds,
        ),
        memory_limit=tickets.web.memory_limit,
        memory_reservation=tickets.web.memory_reservation,
        networks=[at.public, at.aliased(WEB_ALIAS)],
        mounts=web_mounts(tickets),
        secrets=[env_file],
        labels=at.routed(
            Route(
                service=name,
                domains=[tickets.web.domain, *tickets.web.extra_domains],
                port=WEB_PORT,
            )
        ),
        constraints=at.pinned,
    )


def start_command(tickets: Tickets) -> list[str]:
    """Return what the web container runs; empty leaves it to the image.

    A source tree's own start script reads its flags before any `.env` file.
    """
    if tickets.source is None or tickets.command is None:
        return list(tickets.command or ())
    flags = [f"{name}={value}" for name, value in sorted(start_env(tickets).items())]
    return ["env", *flags, *tickets.command]


def start_backend(secret_file: str, env: Mapping[str, str]) -> str:
    """Return the shell line that starts Convex with its secret from a file.

    The backend takes the secret from the environment alone; a file keeps it out of inspect. The
    image's own bash script then traces what it does (`set -x`), the secret included: bash writes a
    trace to the descriptor in BASH_XTRACEFD, here to nowhere.

    Args:
        secret_file: path inside the container.
        env: its other variables.
    """
    given = "".join(f"export {name}={quote(value)}; " for name, value in sorted(env.items()))
    read = f'{given}export INSTANCE_SECRET="$(cat {secret_file})"'
    return f"{read}; exec 9>/dev/null; export BASH_XTRACEFD=9; exec ./run_backend.sh"


def convex(at: Surroundings[Tickets], instance_secret: SecretFile) -> ServiceSpec:
    """Return the Convex backend: one writer of its SQLite, ended with SIGINT."""
    settings, names = at.settings.convex, Names(at.settings.name)
    origin = at.edge.url(settings.domain)
    env = {
        "CONVEX_CLOUD_ORIGIN": origin,
        "CONVEX_SITE_ORIGIN": origin,
        "INSTANCE_NAME": settings.instance_name,
        "DISABLE_BEACON": "true",
        "DOCUMENT_RETENTION_DELAY": str(_RETENTION_S),
    }
    if at.edge.acme is None:
        env["DO_NOT_REQUIRE_SSL"] = "true"  # any value turns it on, so it is absent otherwise
    return ServiceSpec(
        name=names.convex,
        image=settings.image,
        entrypoint=["sh", "-c"],
        args=[start_backend(INSTANCE_SECRET_FILE, env)],
        healthcheck=Healthcheck(
            test=["CMD", "curl", "-fsS", f"http://localhost:{CONVEX_PORT}/version"],
            timeout_s=5,
        ),
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.public, at.aliased(CONVEX_ALIAS)],
        mounts=[Mount(kind="volume", source=names.convex_volume, target=CONVEX_DATA)],
        secrets=[instance_secret],
        labels=at.routed(Route(service=names.convex, domains=[settings.domain], port=CONVEX_PORT)),
        constraints=at.pinned,
        stop_signal="SIGINT",
        stop_grace_s=_CONVEX_GRACE_S,
    )


def dashboard(at: Surroundings[Tickets], settings: Dashboard) -> ServiceSpec:
    """Return the Convex dashboard, behind its allow list or login."""
    name = Names(at.settings.name).dashboard
    page = f"http://localhost:{DASHBOARD_PORT}"
    probe = f"fetch('{page}').then(r=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))"
    return ServiceSpec(
        name=name,
        image=settings.image,
        env={"NEXT_PUBLIC_DEPLOYMENT_URL": at.edge.url(at.settings.convex.domain)},
        healthcheck=Healthcheck(test=["CMD", "node", "-e", probe], interval_s=10),
        memory_limit=512 * _MIB,
        memory_reservation=64 * _MIB,
        networks=[at.public, at.aliased("convex_dashboard")],
        labels=at.routed(
            Route(
                service=name,
                domains=[settings.domain],
                port=DASHBOARD_PORT,
                allow=settings.allow,
                users=settings.users,
            )
        ),
    )


def cron(at: Surroundings[Tickets], tools: Tools, secret: SecretFile) -> ServiceSpec | None:
    """Return the recurring calls of the web application, or None when all are switched off."""
    schedules = {
        "chat-cleanup": at.settings.cron.chat_cleanup,
        "usb-cleanup": at.settings.cron.usb_cleanup,
    }
    jobs = [
        {
            "name": job,
            "schedule": schedule,
            "url": f"http://{WEB_ALIAS}:{WEB_PORT}/api/cron/{job}",
        }
        for job, schedule in schedules.items()
        if schedule is not None
    ]
    if not jobs:
        return None
    program = "/opt/estate/cron.py"
    return ServiceSpec(
        name=Names(at.settings.name).cron,
        image=tools.image,
        args=["python3", program],
        env={"CRON_JOBS": json.dumps(jobs, sort_keys=True), "CRON_HEADER": "x-cron-secret"},
        healthcheck=Healthcheck(
            test=["CMD", "python3", program, "--healthy"], interval_s=15, timeout_s=5, retries=3
        ),
        memory_limit=64 * _MIB,
        memory_reservation=16 * _MIB,
        networks=[at.private],
        secrets=[secret],
        labels=at.labels,
    )
