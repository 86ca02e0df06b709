"""The services of the ERP that run its own image, as specifications. Pure."""

from collections.abc import Mapping, Sequence
from shlex import quote

from components.apps.erp import probes
from components.apps.erp.layout import (
    BACKEND_PORT,
    BENCH,
    WEBSOCKET_PORT,
    WORKERS,
    Names,
    bench_mounts,
)
from components.apps.surroundings import Ground
from components.release import release_env
from components.swarm.order import Mount
from components.swarm.service import Attachment, Healthcheck, ServiceSpec
from settings import Erp, Part

QUEUES = {"default": "default,short", "long": "long,default,short", "short": "short,default"}
"""Worker → the queues it takes jobs from, its own first."""
_GRACES_S = {"default": 300, "long": 1500, "short": 300}
"""Frappe's own limits of a job: a worker that is asked to stop ends the one it has begun."""
_OVERLAY = "10.0.0.0/8"
"""Where Swarm's networks are: only the proxy reaches the frontend, and says who the client is."""


def backend(at: Ground[Erp]) -> ServiceSpec:
    """Return what answers requests."""
    return _bench(at, "backend", at.settings.backend, ["start.sh"], probes.backend())


def websocket(at: Ground[Erp]) -> ServiceSpec:
    """Return what pushes changes to browsers."""
    command = ["node", f"{BENCH}/apps/frappe/socketio.js"]
    return _bench(at, "websocket", at.settings.websocket, command, probes.websocket())


def frontend(at: Ground[Erp]) -> ServiceSpec:
    """Return nginx: the only one on the proxy's network, under a name that no other stack has.

    Frappe picks the site by the host name of a request, so that one frontend serves all.
    """
    env = {
        "BACKEND": f"backend:{BACKEND_PORT}",
        "SOCKETIO": f"websocket:{WEBSOCKET_PORT}",
        "FRAPPE_SITE_NAME_HEADER": "$host",
        "UPSTREAM_REAL_IP_ADDRESS": _OVERLAY,
        "UPSTREAM_REAL_IP_HEADER": "X-Forwarded-For",
        "UPSTREAM_REAL_IP_RECURSIVE": "off",
        "PROXY_READ_TIMEOUT": "120",
        "CLIENT_MAX_BODY_SIZE": "50m",
    }
    command = with_variables(env, "nginx-entrypoint.sh")
    check = probes.frontend()
    return _bench(at, "frontend", at.settings.frontend, command, check, public=at.public)


def scheduler(at: Ground[Erp]) -> ServiceSpec:
    """Return what starts jobs that are due: once, so that none is started twice."""
    mounts, check = bench_mounts(at.settings, shared=False), probes.scheduler()
    command = ["bench", "schedule"]
    return _bench(at, "scheduler", at.settings.scheduler, command, check, mounts=mounts)


def worker(at: Ground[Erp], kind: str) -> ServiceSpec:
    """Return one of the workers.

    Args:
        at: the ground.
        kind: `default`, `long` or `short`.
    """
    command = ["bench", "worker", "--queue", QUEUES[kind]]
    part, check = at.settings.worker, probes.worker()
    return _bench(at, f"queue-{kind}", part, command, check, grace_s=_GRACES_S[kind])


def answering(at: Ground[Erp]) -> list[ServiceSpec]:
    """Return the services that answer requests; the last one finds the others at its start."""
    return [backend(at), websocket(at), frontend(at)]


def working(at: Ground[Erp]) -> list[ServiceSpec]:
    """Return the services that work in the background."""
    return [scheduler(at), *(worker(at, kind) for kind in WORKERS)]


def with_variables(env: Mapping[str, str], program: str) -> list[str]:
    """Return a command that runs a program with variables.

    Not as variables of the service, of which a released one has one alone (`release_env`).
    """
    given = "".join(f"export {name}={quote(value)}; " for name, value in sorted(env.items()))
    return ["bash", "-c", f"{given}exec {program}"]


def _bench(  # noqa: PLR0913 - what differs between seven services
    at: Ground[Erp],
    part: str,
    settings: Part,
    args: Sequence[str],
    healthcheck: Healthcheck,
    *,
    public: Attachment | None = None,
    mounts: Sequence[Mount] | None = None,
    grace_s: int = 30,
) -> ServiceSpec:
    return ServiceSpec(
        name=Names(at.settings.name).service(part),
        image=at.settings.image,
        args=args,
        env=release_env(at.settings),
        healthcheck=healthcheck,
        memory_limit=settings.memory_limit,
        memory_reservation=settings.memory_reservation,
        networks=[at.aliased(part), *([public] if public is not None else [])],
        mounts=bench_mounts(at.settings) if mounts is None else mounts,
        labels=at.labels,
        constraints=at.pinned,
        stop_grace_s=grace_s,
    )
