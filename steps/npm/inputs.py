"""What is declared of a Nginx Proxy Manager (NPM), in the words of its own API (2.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from steps.inputs import Input, Name, PlainJob, Reached

if TYPE_CHECKING:
    from collections.abc import Mapping

Domain = Annotated[str, Field(pattern=r"^[^A-Z&| @!#%^();:/\\}{=+?<>,~`'\"]+$", max_length=253)]
Domains = Annotated[
    tuple[Domain, ...],
    Field(min_length=1, max_length=100),
    AfterValidator(lambda domains: tuple(sorted(set(domains)))),
]
"""NPM answers with them sorted, whatever the order in which they were given."""


class NpmTarget(Reached):
    """How the API of a NPM is asked: by a job of its own on the network where it answers.

    Attributes:
        service: the Swarm service.
        url: of the API as the job sees it; its port is published nowhere.
        network: where the job runs.
        job: the rest of the job; its image holds python3.
        identity: e-mail address of the administrator.
        password_secret: name of the Swarm secret with the administrator's password.
    """

    service: Name
    url: Annotated[str, Field(pattern=r"^http://[^\s/]+$")]
    network: Name
    job: PlainJob
    identity: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    password_secret: Name


class Certificate(Input):
    """A certificate, asked for at an ACME authority (`letsencrypt`) or brought along (`other`).

    Attributes:
        dns_provider: a certbot plugin's name; None answers the challenge over HTTP.
        dns_provider_credentials: its credentials file.
        certificate: PEM text, with `other`.
        certificate_key: PEM text, with `other`.
        intermediate_certificate: PEM text, with `other`.
    """

    provider: Literal["letsencrypt", "other"] = "letsencrypt"
    domain_names: Domains
    key_type: Literal["rsa", "ecdsa"] = "ecdsa"
    dns_provider: str | None = None
    dns_provider_credentials: SecretStr | None = None
    propagation_seconds: Annotated[int, Field(ge=0)] | None = None
    certificate: str | None = None
    certificate_key: SecretStr | None = None
    intermediate_certificate: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Certificate:
        """Refuse half a certificate, or one with parts of the other kind.

        Raises:
            ValueError: something is missing or too much.
        """
        brought = (self.certificate, self.certificate_key)
        if self.provider == "other" and None in brought:
            raise ValueError("other: give certificate and certificate_key")
        if self.provider == "letsencrypt" and brought != (None, None):
            raise ValueError("certificate and certificate_key: only with provider other")
        if (self.dns_provider is None) != (self.dns_provider_credentials is None):
            raise ValueError("give dns_provider and dns_provider_credentials, or neither")
        return self


class Certificates(NpmTarget):
    """Certificates by name; a proxy host names one by its nice name."""

    certificates: dict[str, Certificate]


class Client(Input):
    """A network that is let in or kept out: an address, a CIDR, or `all`."""

    address: Annotated[str, Field(pattern=r"^(all|[0-9A-Fa-f.:]+(/[0-9]{1,3})?)$")]
    directive: Literal["allow", "deny"] = "allow"


class AccessList(Input):
    """Who may pass.

    Attributes:
        users: name → password.
        clients: in order; NPM adds a last rule that refuses all others.
        satisfy_any: whether a password or an address is enough.
        pass_auth: whether the application sees the password as well.
    """

    users: dict[Annotated[str, Field(min_length=1)], SecretStr] = Field(default_factory=dict)
    clients: tuple[Client, ...] = ()
    satisfy_any: bool = False
    pass_auth: bool = False


class AccessLists(NpmTarget):
    """Access lists by the name that NPM knows, too."""

    lists: dict[str, AccessList]


def nice_name(name: str, certificate: Mapping[str, object]) -> str:
    """Return what NPM calls a certificate: it names those it asks for after their domains. Pure.

    Args:
        name: in the map.
        certificate: an entry of the map, in plain values.
    """
    domains = certificate["domain_names"]
    if certificate.get("provider") == "other" or not isinstance(domains, list | tuple):
        return name
    return ", ".join(sorted(str(domain) for domain in domains))
