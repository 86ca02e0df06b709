"""Proxy hosts of a Nginx Proxy Manager, in the words of its API (2.15)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from steps.inputs import Input
from steps.npm.inputs import Domains, NpmTarget

NEEDS_CERTIFICATE = ("ssl_forced", "http2_support")


class Location(Input):
    """A path of a host that goes elsewhere."""

    path: Annotated[str, Field(min_length=1)]
    forward_scheme: Literal["http", "https"] = "http"
    forward_host: Annotated[str, Field(min_length=1, max_length=255)]
    forward_port: Annotated[int, Field(ge=1, le=65535)]
    forward_path: str = ""
    advanced_config: str = ""


class ProxyHost(Input):
    """A proxy host.

    Attributes:
        certificate: nice name of the certificate; None serves plain HTTP.
        access_list: name of the access list; None lets everybody in.
        enabled: whether it is served; only one that is not may leave the map.
        online: what NPM says of it: False when nginx refused its configuration.
    """

    domain_names: Domains
    forward_scheme: Literal["http", "https"] = "http"
    forward_host: Annotated[str, Field(min_length=1, max_length=255)]
    forward_port: Annotated[int, Field(ge=1, le=65535)]
    certificate: str | None = None
    access_list: str | None = None
    ssl_forced: bool = False
    hsts_enabled: bool = False
    hsts_subdomains: bool = False
    http2_support: bool = False
    block_exploits: bool = True
    caching_enabled: bool = False
    allow_websocket_upgrade: bool = False
    trust_forwarded_proto: bool = False
    enabled: bool = True
    advanced_config: str = ""
    locations: tuple[Location, ...] = ()
    online: Literal[True] = True

    @model_validator(mode="after")
    def _fits(self) -> ProxyHost:
        """Refuse what NPM would silently put back.

        Raises:
            ValueError: a flag stands without the one that it needs.
        """
        needs = [name for name in NEEDS_CERTIFICATE if getattr(self, name)]
        if needs and self.certificate is None:
            raise ValueError(f"{', '.join(needs)}: name a certificate; NPM turns it off without")
        if self.hsts_enabled and not self.ssl_forced:
            raise ValueError("hsts_enabled: set ssl_forced too; NPM turns it off without")
        if self.hsts_subdomains and not self.hsts_enabled:
            raise ValueError("hsts_subdomains: set hsts_enabled too; NPM turns it off without")
        return self


class ProxyHosts(NpmTarget):
    """Proxy hosts by name, for example of the tenant."""

    hosts: dict[str, ProxyHost]

    @model_validator(mode="after")
    def _one_host_a_domain(self) -> ProxyHosts:
        """Refuse a domain that two hosts want.

        Raises:
            ValueError: there is one.
        """
        owners: dict[str, list[str]] = {}
        for name, host in self.hosts.items():
            for domain in host.domain_names:
                owners.setdefault(domain, []).append(name)
        twice = [f"{one}: {' and '.join(who)}" for one, who in owners.items() if len(who) > 1]
        if twice:
            raise ValueError(f"a domain has one host: {'; '.join(twice)}")
        return self
