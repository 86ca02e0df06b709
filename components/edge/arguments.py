"""Traefik's static configuration as arguments. Pure."""

from components.edge.docker_filter import FILTER_PORT
from components.edge.route import EDGE_LABEL, RESOLVER
from settings import Acme, Edge

PING_PORT = 8082
ACME_FOLDER = "/letsencrypt"

_REFRESH_S = 1
"""Docker sends SIGTERM 2 s after a task has lost its place; by then the edge must have looked."""


def traefik_arguments(edge: Edge, docker_filter: str) -> list[str]:
    """Return the command line of Traefik.

    No dashboard and no API; the ping that the health check asks has an entry point of its own,
    which no port of the host leads to.

    Args:
        edge: its settings.
        docker_filter: host name of the Docker API's filter.
    """
    arguments = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
        "--accesslog=true",
        "--ping=true",
        "--ping.entrypoint=ping",
        f"--entrypoints.ping.address=:{PING_PORT}",
        "--entrypoints.web.address=:80",
        "--entrypoints.websecure.address=:443",
        f"--providers.swarm.endpoint=tcp://{docker_filter}:{FILTER_PORT}",
        "--providers.swarm.exposedbydefault=false",
        f"--providers.swarm.network={edge.network}",
        f"--providers.swarm.constraints=Label(`{EDGE_LABEL}`, `{edge.name}`)",
        f"--providers.swarm.refreshseconds={_REFRESH_S}",
        # Otherwise what it has seen waits for up to 2 s more.
        "--providers.providersthrottleduration=0s",
    ]
    if edge.trusted_proxies:
        trusted = ",".join(edge.trusted_proxies)
        arguments += [
            f"--entrypoints.{entry}.forwardedheaders.trustedips={trusted}"
            for entry in ("web", "websecure")
        ]
    if edge.acme is not None:
        arguments += _tls(edge.acme, edge.https_port)
    return arguments


def _tls(acme: Acme, https_port: int) -> list[str]:
    resolver = f"--certificatesresolvers.{RESOLVER}.acme"
    arguments = [
        f"--entrypoints.web.http.redirections.entrypoint.to=:{https_port}",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        f"{resolver}.email={acme.email}",
        f"{resolver}.storage={ACME_FOLDER}/acme.json",
        f"{resolver}.caserver={acme.directory}",
    ]
    if acme.challenge == "dns":
        return [*arguments, f"{resolver}.dnschallenge.provider=cloudflare"]
    return [*arguments, f"{resolver}.httpchallenge.entrypoint=web"]
