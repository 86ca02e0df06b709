"""Rules that compare one setting with another.

Each takes the estate as far as it is valid (see `model`) and yields the key and what is wrong.
What could not be read is false and is not None, so that nothing is said about it twice.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from .application import Application
from .checks_of_applications import (
    check_applications,
    check_crm,
    check_dashboard,
    check_names,
    check_seed,
    check_tickets,
)
from .checks_of_erp import check_erp, check_npm, check_tenants
from .checks_of_secrets import (
    check_crm_secrets,
    check_erp_secrets,
    check_offsite_secrets,
    check_secrets,
    check_tickets_secrets,
)
from .estate import Estate
from .host_names import Mistake, is_known_host, unknown_host


def check_hosts(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """Each host is reached safely, and the hosts of one Swarm can be told apart."""
    swarms = Counter(estate.swarm(name) for name in estate.hosts)
    nodes = Counter((estate.swarm(name), host.node) for name, host in estate.hosts.items())
    for name, host in estate.hosts.items():
        key = f"hosts.{name}"
        if host.url and host.is_remote and host.host_key is None:
            yield f"{key}.host_key", "is missing: an ssh host needs its public key pinned"
        if host.url and not host.is_remote:
            for field in ("host_key", "identity_file"):
                if getattr(host, field) is not None:
                    yield f"{key}.{field}", "is for ssh hosts only; remove the line"
        if host.manager and host.manager not in estate.hosts:
            yield f"{key}.manager", unknown_host(estate)
        elif host.manager and estate.hosts[host.manager].manager:
            yield f"{key}.manager", "needs a host that manages its Swarm itself"
        if host.node is None and swarms[estate.swarm(name)] > 1:
            yield f"{key}.node", "is missing: its Swarm has more nodes, so it needs its host name"
        elif host.node and nodes[estate.swarm(name), host.node] > 1:
            yield f"{key}.node", "is the node of another host of the same Swarm too"


def check_edge(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The edge has a host, and what its certificates and its clients' addresses need."""
    edge = estate.edge
    if not edge:
        return
    if not is_known_host(estate, edge.host):
        yield "edge.host", unknown_host(estate)
    if edge.http_port and edge.http_port == edge.https_port:
        yield "edge.https_port", "needs another port than estate:edge.http_port"
    if edge.acme and edge.acme.challenge == "dns":
        if estate.dns is None:
            yield "edge.acme.challenge", "needs estate:dns when it is dns"
        if estate.dns_secrets is None:
            yield "dnsSecrets.CLOUDFLARE_API_TOKEN", "is missing: the dns challenge needs it"
    if estate.dns and estate.dns.proxied and edge.trusted_proxies == ():
        yield "edge.trusted_proxies", "needs Cloudflare's networks while estate:dns.proxied is true"


def check_dns(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """Records can be made, and each of the stack's own has a zone and fitting content."""
    dns = estate.dns
    if not dns:
        return
    if estate.dns_secrets is None:
        yield "dnsSecrets.CLOUDFLARE_API_TOKEN", "is missing: estate:dns needs it"
    if dns.zones == {}:
        yield "dns.zones", "needs at least one zone, for example example.com: and its id"
    if dns.proxied and dns.ttl and dns.ttl != 1:
        yield "dns.ttl", "needs to be 1 while estate:dns.proxied is true"
    for index, record in enumerate(dns.records):
        if record.type and record.content and (mistake := record.content_mistake()):
            yield f"dns.records[{index}].content", mistake


def check_domains(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """A name leads to one place, and lies in a zone when the stack has zones."""
    seen: dict[str, str] = {}
    for key, domain in _names(estate):
        if domain in seen and not _are_records(seen[domain], key):
            yield key, f"is the domain of estate:{seen[domain]} too; each needs its own"
        seen.setdefault(domain, key)
    for key, domain in _zoned(estate):
        if estate.dns and estate.dns.zones and not estate.dns.zone(domain):
            yield key, "needs a name inside one of the zones of estate:dns.zones"


CHECKS = (
    check_hosts,
    check_edge,
    check_dns,
    check_domains,
    check_applications,
    check_tickets,
    check_crm,
    check_npm,
    check_erp,
    check_tenants,
    check_names,
    check_seed,
    check_dashboard,
    check_secrets,
    check_tickets_secrets,
    check_crm_secrets,
    check_erp_secrets,
    check_offsite_secrets,
)


def mistakes(estate: Estate, stack: str) -> list[Mistake]:
    """Everything that the settings of an estate get wrong between them."""
    return [mistake for check in CHECKS for mistake in check(estate, stack)]


def _names(estate: Estate) -> Iterator[tuple[str, str]]:
    yield from _below(estate, lambda application: application.domains())
    yield from _records(estate)


def _zoned(estate: Estate) -> Iterator[tuple[str, str]]:
    yield from _below(estate, lambda application: application.zoned())
    yield from _records(estate)


def _below(
    estate: Estate, names: Callable[[Application], dict[str, str]]
) -> Iterator[tuple[str, str]]:
    for system, application in estate.applications().items():
        for key, domain in names(application).items():
            if domain:
                yield f"{system}.{key}", domain


def _records(estate: Estate) -> Iterator[tuple[str, str]]:
    if estate.dns:
        for index, record in enumerate(estate.dns.records):
            if record.name:
                yield f"dns.records[{index}].name", record.name


def _are_records(*keys: str) -> bool:
    """Two records may share a name: A beside AAAA, or several addresses."""
    return all(key.startswith("dns.") for key in keys)
