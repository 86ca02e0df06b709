"""Rules about the ERP, its customers, and the proxy in front of them."""

from collections.abc import Iterator

from .checks_of_applications import check_memory
from .edge import Edge
from .estate import Estate
from .host_names import Mistake, is_known_host, share_swarm, unknown_host
from .npm import Npm


def check_npm(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The proxy has a host, and ports and a network that nobody else has."""
    npm, edge = estate.npm, estate.edge
    if not npm:
        return
    yield from check_memory("npm", npm)
    if not is_known_host(estate, npm.host):
        yield "npm.host", unknown_host(estate)
    if estate.tools is None and not estate.applications():
        yield "tools.image", "is missing: the jobs of estate:npm run on it"
    if npm.http_port and npm.http_port == npm.https_port:
        yield "npm.https_port", "needs another port than estate:npm.http_port"
    if edge:
        yield from _beside(estate, npm, edge)


def check_erp(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """A release can be seen from outside, and its first site is one that there is."""
    erp = estate.erp
    if not erp:
        return
    if erp.name and estate.npm and erp.name == estate.npm.name:
        yield "erp.name", "is estate:npm.name too; each needs its own"
    if isinstance(erp.tenants, dict) and not any(
        tenant.state == "active" for tenant in erp.tenants.values()
    ):
        yield (
            "erp.tenants",
            "needs an active tenant: a release is seen to work on its site",
        )
    canary = erp.waves.canary
    if not canary or not isinstance(erp.tenants, dict):
        return
    if canary not in erp.tenants:
        known = ", ".join(erp.tenants) or "none is there"
        yield "erp.waves.canary", f"needs the name of a tenant in estate:erp.tenants: {known}"
    elif erp.tenants[canary].state in {"suspended", "archived"}:
        yield "erp.waves.canary", "needs a tenant that is active"


def check_tenants(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """Each customer's names are where they belong, and its apps and state can be had."""
    if not estate.erp:
        return
    for name, tenant in estate.erp.tenants.items():
        key = f"erp.tenants.{name}"
        for where, domain in tenant.foreign_names(key).items():
            if domain and estate.dns and estate.dns.zones and estate.dns.zone(domain):
                yield where, "lies in a zone of estate:dns.zones; move it to domains beside it"
        for index, app in enumerate(tenant.apps):
            if app == "frappe":
                yield f"{key}.apps[{index}]", "is the framework, which every site has; remove it"
            elif app in tuple(tenant.apps)[:index]:
                yield f"{key}.apps[{index}]", "stands there twice; remove one"


def _beside(estate: Estate, npm: Npm, edge: Edge) -> Iterator[Mistake]:
    """The two proxies keep out of each other's way."""
    if edge.host and edge.host == npm.host:
        taken = {edge.http_port: "http_port", edge.https_port: "https_port"}
        for key in ("http_port", "https_port"):
            port = getattr(npm, key)
            if port and port in taken:
                todo = "give one of the two another port or another host"
                yield f"npm.{key}", f"is estate:edge.{taken[port]} on the same host; {todo}"
    if edge.host and npm.host and share_swarm(estate, edge.host, npm.host):
        for key in ("name", "network"):
            value = getattr(npm, key)
            if value and value == getattr(edge, key):
                yield f"npm.{key}", f"is estate:edge.{key} too; each needs its own"
