"""Rules that compare one setting with another.

Each takes the estate as far as it is valid (see `model`) and yields the key and what is wrong.
What could not be read is false and is not None, so that nothing is said about it twice.
"""

from collections import Counter
from collections.abc import Iterator

from .estate import Estate
from .model import Absent
from .placeholder import WORD
from .tickets_env import TicketsSecrets

Mistake = tuple[str, str]


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
            yield f"{key}.manager", _unknown_host(estate)
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
    if not _is_known_host(estate, edge.host):
        yield "edge.host", _unknown_host(estate)
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
        if estate.dns and estate.dns.zones and not estate.dns.zone(domain):
            yield key, "needs a name inside one of the zones of estate:dns.zones"


def check_tickets(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The tickets system has all that it stands on."""
    tickets = estate.tickets
    if not tickets:
        return
    if not _is_known_host(estate, tickets.host):
        yield "tickets.host", _unknown_host(estate)
    if estate.edge is None:
        yield "edge", "is missing: estate:tickets is reached through it"
    elif estate.edge.host and tickets.host and not _share_swarm(estate):
        yield "tickets.host", "needs a host in the Swarm of estate:edge.host"
    if estate.tools is None:
        yield "tools.image", "is missing: the jobs of estate:tickets run on it"
    if tickets.source and tickets.release_sha is None:
        yield "tickets.release_sha", "is missing: with a source the image does not tell the release"
    for part in ("web", "convex"):
        system = getattr(tickets, part)
        if system.memory_limit and system.memory_reservation > system.memory_limit:
            yield f"tickets.{part}.memory_reservation", "needs at most the memory_limit beside it"


def check_seed(estate: Estate, stack: str) -> Iterator[Mistake]:
    """Production is safe from its own seed."""
    if not estate.tickets or stack != "prod":
        return
    if estate.tickets.seed.ensure_only is False:
        yield "tickets.seed.ensure_only", "must be true in stack prod: false resets live passwords"


def check_dashboard(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The database console is not open to the world."""
    if not estate.tickets or not estate.tickets.dashboard:
        return
    dashboard = estate.tickets.dashboard
    if dashboard.allow == () and dashboard.users == ():
        yield "tickets.dashboard.allow", "is missing: needs networks here, or users beside it"
    for index, network in enumerate(dashboard.allow):
        if network.endswith("/0"):
            yield (
                f"tickets.dashboard.allow[{index}]",
                "needs a smaller network: this one is the whole world",
            )


def check_secrets(estate: Estate, stack: str) -> Iterator[Mistake]:
    """Every secret is there, and none is a known or a shared one."""
    tickets, secrets = estate.tickets, estate.tickets_secrets
    if tickets and secrets is None:
        yield "ticketsSecrets", f"is missing: estate:tickets needs {', '.join(_required_secrets())}"
    if not secrets:
        return
    if tickets and tickets.seed.admin and secrets.SEED_USER_PASSWORD is None:
        yield "ticketsSecrets.SEED_USER_PASSWORD", "is missing: estate:tickets.seed.admin needs it"
    sync = secrets.CONVEX_SYNC_SECRET
    if sync and sync.get_secret_value() == "dev-sync-secret" and stack != "local":
        yield (
            "ticketsSecrets.CONVEX_SYNC_SECRET",
            "must not be the value of the example; make one with: openssl rand -hex 32",
        )
    fleet = secrets.FLEET_SYNC_SECRET
    if fleet and fleet == secrets.MACHINE_PROVISIONING_SECRET and fleet.get_secret_value() != WORD:
        yield (
            "ticketsSecrets.FLEET_SYNC_SECRET",
            "must not be MACHINE_PROVISIONING_SECRET again; give it its own or remove it",
        )


CHECKS = (
    check_hosts,
    check_edge,
    check_dns,
    check_domains,
    check_tickets,
    check_seed,
    check_dashboard,
    check_secrets,
)


def mistakes(estate: Estate, stack: str) -> list[Mistake]:
    """Everything that the settings of an estate get wrong between them."""
    return [mistake for check in CHECKS for mistake in check(estate, stack)]


def _required_secrets() -> list[str]:
    return [name for name, field in TicketsSecrets.model_fields.items() if field.is_required()]


def _names(estate: Estate) -> Iterator[tuple[str, str]]:
    if estate.tickets:
        for key, domain in estate.tickets.domains().items():
            if domain:
                yield f"tickets.{key}", domain
    if estate.dns:
        for index, record in enumerate(estate.dns.records):
            if record.name:
                yield f"dns.records[{index}].name", record.name


def _are_records(*keys: str) -> bool:
    """Two records may share a name: A beside AAAA, or several addresses."""
    return all(key.startswith("dns.") for key in keys)


def _is_known_host(estate: Estate, host: str) -> bool:
    return not host or isinstance(estate.hosts, Absent) or host in estate.hosts


def _unknown_host(estate: Estate) -> str:
    return f"needs the name of a host in estate:hosts: {', '.join(estate.hosts) or 'none is there'}"


def _share_swarm(estate: Estate) -> bool:
    if not estate.edge or not estate.tickets:
        return True
    hosts = (estate.edge.host, estate.tickets.host)
    return any(not _is_known_host(estate, host) for host in hosts) or (
        estate.swarm(hosts[0]) == estate.swarm(hosts[1])
    )
