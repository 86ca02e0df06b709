"""Traefik labels: how a service asks the edge for a public name. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings import Edge

EDGE_LABEL = "estate.edge"
RESOLVER = "letsencrypt"


@dataclass(frozen=True, kw_only=True)
class Route:
    """A public name of a service.

    Attributes:
        service: the Swarm service, which is also the name of router and Traefik service.
        domains: names that it answers to.
        port: port inside the task.
        allow: networks that may use it; empty for everybody.
        users: `name:bcrypt hash` of who may log in; empty for everybody.
    """

    service: str
    domains: Sequence[str]
    port: int
    allow: Sequence[str] = ()
    users: Sequence[str] = ()


def route_labels(route: Route, edge: Edge) -> dict[str, str]:
    """Return the labels that make a route, for the edge that they name and no other."""
    router = f"traefik.http.routers.{route.service}"
    labels = {
        EDGE_LABEL: edge.name,
        "traefik.enable": "true",
        f"{router}.rule": " || ".join(f"Host(`{domain}`)" for domain in route.domains),
        f"{router}.entrypoints": "web" if edge.acme is None else "websecure",
        f"{router}.service": route.service,
        f"traefik.http.services.{route.service}.loadbalancer.server.port": str(route.port),
    }
    if edge.acme is not None:
        labels[f"{router}.tls.certresolver"] = RESOLVER
    guards = _guards(route)
    if guards:
        labels[f"{router}.middlewares"] = ",".join(guards)
    for guard, rules in guards.items():
        labels |= {f"traefik.http.middlewares.{guard}.{rule}": text for rule, text in rules.items()}
    return labels


def _guards(route: Route) -> dict[str, Mapping[str, str]]:
    """Middleware → its settings, in the order in which a request meets them."""
    guards: dict[str, Mapping[str, str]] = {}
    if route.allow:
        guards[f"{route.service}-allow"] = {"ipallowlist.sourcerange": ",".join(route.allow)}
    if route.users:
        # removeheader: the application behind must not see the password of the guard before it.
        guards[f"{route.service}-login"] = {
            "basicauth.users": ",".join(route.users),
            "basicauth.removeheader": "true",
        }
    return guards
