"""The edge: the proxy that owns ports 80 and 443 of a host."""

from typing import Literal

from .model import Listed, Model
from .types import Cidr, Domain, Email, HostName, ImageRef, Pem, Port, ServiceName, Url

_HTTP = 80
_HTTPS = 443


class Acme(Model):
    """How certificates are obtained.

    Attributes:
        email: who is told when a certificate is about to expire.
        challenge: `http` proves a domain on port 80, `dns` by a record in its zone.
        directory: the authority's ACME directory.
        ca_certificate: PEM text of a private authority's roots, one after the other: the one
            that vouches for its directory, and the one that its certificates lead to.
    """

    email: Email
    challenge: Literal["http", "dns"] = "http"
    directory: Url = "https://acme-v02.api.letsencrypt.org/directory"
    ca_certificate: Pem | None = None


class Edge(Model):
    """Traefik and the filter between it and the Docker socket.

    Attributes:
        host: name of the host it runs on.
        name: its Swarm service name.
        network: the overlay network it shares with what it serves.
        image: Traefik.
        filter_image: HAProxy and wget, for the read-only filter in front of the Docker API.
        http_port: port of the host for plain HTTP.
        https_port: port of the host for HTTPS.
        acme: certificates; an explicit null serves plain HTTP.
        trusted_proxies: networks whose X-Forwarded-For is believed.
    """

    host: HostName
    name: ServiceName = "traefik"
    network: ServiceName = "traefik_public"
    image: ImageRef
    filter_image: ImageRef
    http_port: Port = _HTTP
    https_port: Port = _HTTPS
    # No default: a forgotten line must not put a public estate on plain HTTP.
    acme: Acme | None
    trusted_proxies: Listed[Cidr] = ()

    def url(self, domain: Domain) -> str:
        """The address under which the edge serves a domain, without a slash at the end."""
        if self.acme is None:
            return f"http://{domain}" + ("" if self.http_port == _HTTP else f":{self.http_port}")
        return f"https://{domain}" + ("" if self.https_port == _HTTPS else f":{self.https_port}")
