"""Nginx Proxy Manager: what owns ports 80 and 443 of the host of the ERP."""

from .application import Part
from .model import Model
from .types import Domain, Email, HostName, ImageRef, Pem, Port, ServiceName, StrongSecret, Url

_HTTP = 80
_HTTPS = 443


class NpmAcme(Model):
    """How it obtains certificates, by the HTTP challenge.

    Attributes:
        server: the authority's ACME directory.
        ca_certificate: PEM text of a private authority's roots.
    """

    server: Url = "https://acme-v02.api.letsencrypt.org/directory"
    ca_certificate: Pem | None = None


class Npm(Part):
    """Nginx Proxy Manager, the public network it shares with what it serves, and its first user.

    Attributes:
        host: name of the host it runs on.
        name: its Swarm service, and the beginning of its volumes' names.
        network: the overlay network it shares with what it serves.
        image: the server.
        http_port: port of the host for plain HTTP.
        https_port: port of the host for HTTPS.
        admin_email: login of its administrator, also the one who hears of certificates.
        acme: certificates; an explicit null serves plain HTTP.
    """

    host: HostName
    name: ServiceName = "npm"
    network: ServiceName = "proxy"
    image: ImageRef
    http_port: Port = _HTTP
    https_port: Port = _HTTPS
    admin_email: Email
    # No default: a forgotten line must not put customers on plain HTTP.
    acme: NpmAcme | None

    def url(self, domain: Domain) -> str:
        """The address under which it serves a domain, without a slash at the end."""
        if self.acme is None:
            return f"http://{domain}" + ("" if self.http_port == _HTTP else f":{self.http_port}")
        return f"https://{domain}" + ("" if self.https_port == _HTTPS else f":{self.https_port}")


class NpmSecrets(Model):
    """Secrets of `estate:npm`.

    Attributes:
        ADMIN_PASSWORD: of the administrator, who is made with it.
    """

    ADMIN_PASSWORD: StrongSecret
