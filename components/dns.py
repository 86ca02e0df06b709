"""DNS records at Cloudflare."""

from collections.abc import Iterable, Mapping

import pulumi

from components.dns_record import DnsRecord, cloudflare_provider
from settings import Dns, DnsSecrets, Host, Record


def address_records(domains: Iterable[str], host: Host) -> list[Record]:
    """Return the records that lead each domain to a host; IPv6 only where the host has it."""
    records = []
    for domain in domains:
        records.append(Record(name=domain, type="A", content=host.address))
        if host.address_v6 is not None:
            records.append(Record(name=domain, type="AAAA", content=host.address_v6))
    return records


class Records(pulumi.ComponentResource):
    """The records of a stack.

    Owns: one address record for each domain of each system, and the stack file's own records.
    Does not own: the zones, and records that nobody declared.
    Why ttl and proxied stand in each: the API's defaults would show as a change.
    """

    def __init__(self, dns: Dns, secrets: DnsSecrets, domains: Mapping[str, Host]) -> None:
        """Declare the records.

        Args:
            dns: zones, and how records are made in them.
            secrets: the token.
            domains: domain → the host that serves it.

        Raises:
            ValueError: no zone holds a record; the settings refuse this earlier.
        """
        super().__init__("estate:dns:Records", "dns")
        provider = cloudflare_provider(
            "cloudflare",
            token=secrets.CLOUDFLARE_API_TOKEN.get_secret_value(),
            base_url=dns.api_url,
            parent=self,
        )
        records = [
            record for domain, host in domains.items() for record in address_records([domain], host)
        ]
        for record in [*records, *dns.records]:
            zone = dns.zone(record.name)
            if zone is None:
                raise ValueError(f"no zone holds {record.name}")
            DnsRecord(
                f"{record.name}-{record.type}",
                zone_id=zone.id,
                name=record.name,
                type=record.type,
                content=record.content,
                ttl=dns.ttl,
                proxied=dns.proxied,
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            )
        self.register_outputs({})
