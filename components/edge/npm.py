"""Nginx Proxy Manager in front of the ERP: the server, and how its API is reached."""

from collections.abc import Mapping

import pulumi

from components.native.entries import reached
from components.place import Place
from components.swarm.network import network
from components.swarm.order import HostPort, Mount
from components.swarm.secret import SecretFile, secret_file
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, service
from components.swarm.volume import volume
from settings import Npm as NpmSettings
from settings import NpmSecrets, Tools

API_PORT = 81
_DATA = "/data"
_CERTIFICATES = "/etc/letsencrypt"
_CA_FILE = "/run/secrets/acme_ca.pem"
_PASSWORD_FILE = "/run/secrets/npm_password"  # noqa: S105 - a path


class Npm(pulumi.ComponentResource):
    """The proxy of one host.

    Owns: the public network, ports 80 and 443 of the host, its database, the certificates, and the
    password of its administrator, whom the first job of its API makes.
    Does not own: proxy hosts and certificates' names (each application declares its own), DNS.
    Why the port of its API is published nowhere: whoever has it has every customer's traffic. Jobs
    reach it on a network that nobody else is on.

    Attributes:
        network: id of the public network.
        settings: its settings.
        service: the server, for what has to come after it.
    """

    network: pulumi.Output[str]
    settings: NpmSettings
    service: pulumi.Resource

    def __init__(
        self,
        settings: NpmSettings,
        secrets: NpmSecrets,
        place: Place,
        *,
        tools: Tools,
        records: pulumi.Resource | None,
    ) -> None:
        """Declare the proxy.

        Args:
            settings: `estate:npm`.
            secrets: `estate:npmSecrets`.
            place: the host.
            tools: what the jobs run on.
            records: what leads the customers' names here; a certificate is given only after that.
        """
        super().__init__("estate:edge:Npm", settings.name)
        self.settings, self._tools, self._place = settings, tools, place
        self._records = [records] if records is not None else []
        self._labels = {**place.labels, "estate.system": "npm"}
        self._internal = f"{settings.name}_internal"
        on_swarm = place.on_swarm(self)
        public = network(settings.network, self._labels, on_swarm)
        private = network(self._internal, self._labels, on_swarm)
        password = secrets.ADMIN_PASSWORD.get_secret_value()
        self._password = self._file("admin", password, _PASSWORD_FILE)
        self.network = public.id
        spec = self.spec(
            Attachment(network=public.id, name=settings.network),
            Attachment(network=private.id, name=self._internal),
        )
        for mount in spec.mounts:
            volume(mount.source, self._labels, place.on_disk(self))
        self.service = service(spec, place.hooks, on_swarm)
        self.register_outputs({"network": public.id})

    def spec(self, *networks: Attachment) -> ServiceSpec:
        """Return the server as a specification."""
        settings, acme = self.settings, self.settings.acme
        env, files = {"DISABLE_IPV6": "true"}, []
        if acme is not None:
            env["LE_SERVER"] = acme.server
            if acme.ca_certificate is not None:
                env["REQUESTS_CA_BUNDLE"] = _CA_FILE
                files.append(self._file("acme_ca", acme.ca_certificate, _CA_FILE))
        return ServiceSpec(
            name=settings.name,
            image=settings.image,
            env=env,
            healthcheck=Healthcheck(
                test=["CMD", "/usr/bin/check-health"], timeout_s=5, start_period_s=60
            ),
            memory_limit=settings.memory_limit,
            memory_reservation=settings.memory_reservation,
            networks=networks,
            mounts=[
                Mount(kind="volume", source=f"{settings.name}_data", target=_DATA),
                Mount(kind="volume", source=f"{settings.name}_letsencrypt", target=_CERTIFICATES),
            ],
            ports=[
                HostPort(target=80, published=settings.http_port),
                HostPort(target=443, published=settings.https_port),
            ],
            secrets=files,
            labels=self._labels,
            constraints=self._place.pinned,
        )

    def reach(self, what: str) -> Mapping[str, object]:
        """Return how the API is reached.

        Args:
            what: for; jobs of different names may run at one time.
        """
        name = self.settings.name
        return {
            **reached(self._place),
            "service": name,
            "url": f"http://{name}:{API_PORT}",
            "network": self._internal,
            "job": {
                "name": f"{name}_{what}",
                "image": self._tools.image,
                "labels": dict(self._labels),
            },
            "identity": self.settings.admin_email,
            "password_secret": self._password.name,
        }

    def ready(self) -> list[pulumi.Resource]:
        """Return what has to be there before its API is asked."""
        return [self.service, self._password.resource, *self._records]

    def _file(self, family: str, text: str, path: str) -> SecretFile:
        return secret_file(
            f"{self.settings.name}_{family}",
            text,
            path,
            place=self._place,
            labels=self._labels,
            parent=self,
        )
