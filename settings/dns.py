"""DNS at Cloudflare."""

from typing import Literal, NamedTuple

from .model import Listed, Model
from .types import Argument, Domain, RecordName, Secret, Ttl, Url, ZoneId, is_address, is_domain


class Zone(NamedTuple):
    """A zone of the account: its name and its id."""

    name: str
    id: str


class Record(Model):
    """A record of its own, beside those that follow from the domains of the systems.

    Attributes:
        name: full name of the record; `*.` at its beginning stands for all names below it.
        type: kind of record.
        content: address for A and AAAA, host name for CNAME.
    """

    name: RecordName
    type: Literal["A", "AAAA", "CNAME"]
    content: Argument

    def content_mistake(self) -> str | None:
        """What is wrong with the content for this type of record, or None."""
        if self.type == "CNAME":
            fits, needs = is_domain(self.content), "a host name, for example example.com"
        elif self.type == "A":
            fits, needs = is_address(self.content, 4), "an IPv4 address, for example 203.0.113.7"
        else:
            fits, needs = is_address(self.content, 6), "an IPv6 address, for example 2001:db8::7"
        return None if fits else f"needs {needs}"


class Dns(Model):
    """The zones, and how records are made in them.

    Attributes:
        zones: name of a zone → its id.
        proxied: whether Cloudflare stands between the visitor and the edge.
        ttl: how long resolvers keep a record, in seconds; 1 is automatic.
        records: further records.
        api_url: another base URL of the API.
    """

    zones: dict[Domain, ZoneId]
    proxied: bool = False
    ttl: Ttl = 300
    records: Listed[Record] = ()
    api_url: Url | None = None

    def zone(self, domain: str) -> Zone | None:
        """The zone that holds a domain: the longest one of which it is a part."""
        holding = [name for name in self.zones if f".{domain}".endswith(f".{name}")]
        name = max(holding, key=len, default=None)
        return None if name is None else Zone(name, self.zones[name])


class DnsSecrets(Model):
    """Secrets of `estate:dns`.

    Attributes:
        CLOUDFLARE_API_TOKEN: token with "DNS: edit" on the zones and nothing else.
    """

    CLOUDFLARE_API_TOKEN: Secret
