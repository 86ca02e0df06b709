"""Traefik in front of the applications, with a filter between it and the Docker API."""

import pulumi

from components.edge.arguments import ACME_FOLDER, PING_PORT, traefik_arguments
from components.edge.docker_filter import (
    FILTER_COMMAND,
    FILTER_FILE,
    FILTER_PORT,
    SOCKET,
    filter_config,
)
from components.place import Place
from components.swarm.adopted import as_adopted
from components.swarm.network import network
from components.swarm.order import HostPort, Mount
from components.swarm.secret import SecretFile, secret_file
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, service
from components.swarm.volume import volume
from settings import DnsSecrets, Edge

_MIB = 2**20
_TOKEN_FILE = "/run/secrets/cloudflare_token"  # noqa: S105 - a path
_CA_FILE = "/run/secrets/acme_ca.pem"


class Traefik(pulumi.ComponentResource):
    """The edge of one host.

    Owns: the public network, ports 80 and 443 of the host, the certificates and their volume.
    Does not own: routes (each service carries its own as labels) and DNS records.
    Why a filter: Traefik faces the internet, and whoever holds the Docker socket holds the host;
    the filter lets it read the services to be routed, tasks, nodes and networks, and no more.
    """

    network: pulumi.Output[str]
    settings: Edge

    def __init__(self, edge: Edge, secrets: DnsSecrets | None, place: Place) -> None:
        """Declare the edge.

        Args:
            edge: its settings.
            secrets: the DNS token, used only for the DNS challenge.
            place: the host.
        """
        super().__init__("estate:edge:Traefik", edge.name)
        self.settings, self._place = edge, place
        self._labels = {**place.labels, "estate.system": "edge"}
        self._filter_name = f"{edge.name}_docker"
        on_swarm = place.on_swarm(self)
        public = network(edge.network, self._labels, on_swarm)
        private = network(self._filter_name, self._labels, on_swarm, internal=True)
        own = Attachment(network=private.id, name=self._filter_name)
        docker_filter = self._filter(own)
        shared = Attachment(network=public.id, name=edge.network)
        self._traefik([shared, own], self._files(secrets), docker_filter)
        self.network = public.id
        self.register_outputs({"network": public.id})

    def _filter(self, private: Attachment) -> pulumi.Resource:
        spec = ServiceSpec(
            name=self._filter_name,
            image=self.settings.filter_image,
            entrypoint=FILTER_COMMAND,
            # HAProxy's own image would run it as somebody who may not open the socket.
            user="root",
            healthcheck=Healthcheck(
                test=["CMD", "wget", "-q", "-O", "-", f"http://127.0.0.1:{FILTER_PORT}/_ping"],
                start_period_s=10,
            ),
            memory_limit=64 * _MIB,
            memory_reservation=16 * _MIB,
            networks=[private],
            mounts=[
                Mount(
                    kind="bind",
                    source=SOCKET,
                    target=SOCKET,
                    read_only=True,
                )
            ],
            secrets=[self._file(FILTER_FILE, filter_config())],
            # Only a manager's daemon answers questions about services.
            constraints=["node.role==manager"],
            labels=self._labels,
        )
        return self._service(spec, [])

    def _files(self, secrets: DnsSecrets | None) -> dict[str, str]:
        """Path in the task → secret content."""
        acme = self.settings.acme
        files = {}
        if acme is not None and acme.challenge == "dns" and secrets is not None:
            files[_TOKEN_FILE] = secrets.CLOUDFLARE_API_TOKEN.get_secret_value()
        if acme is not None and acme.ca_certificate is not None:
            files[_CA_FILE] = acme.ca_certificate
        return files

    def _traefik(
        self,
        networks: list[Attachment],
        files: dict[str, str],
        docker_filter: pulumi.Resource,
    ) -> None:
        edge, place = self.settings, self._place
        mounts = []
        ports = [HostPort(target=80, published=edge.http_port)]
        if edge.acme is not None:
            certificates = f"{edge.name}_letsencrypt"
            volume(certificates, self._labels, place.on_disk(self))
            mounts.append(Mount(kind="volume", source=certificates, target=ACME_FOLDER))
            ports.append(HostPort(target=443, published=edge.https_port))
        env = {}
        if _TOKEN_FILE in files:
            env["CF_DNS_API_TOKEN_FILE"] = _TOKEN_FILE
        if _CA_FILE in files:
            env["LEGO_CA_CERTIFICATES"] = _CA_FILE
        spec = ServiceSpec(
            name=edge.name,
            image=edge.image,
            args=traefik_arguments(edge, self._filter_name),
            env=env,
            healthcheck=Healthcheck(
                # `traefik healthcheck` asks the same, and costs a quarter of a second each time.
                test=["CMD", "wget", "-q", "-O", "-", f"http://127.0.0.1:{PING_PORT}/ping"],
                start_period_s=10,
            ),
            memory_limit=256 * _MIB,
            memory_reservation=64 * _MIB,
            networks=networks,
            mounts=mounts,
            ports=ports,
            secrets=[self._file(path, text) for path, text in sorted(files.items())],
            labels=self._labels,
            constraints=place.pinned,
        )
        self._service(spec, [docker_filter])

    def _service(self, spec: ServiceSpec, after: list[pulumi.Resource]) -> pulumi.Resource:
        place = self._place
        return service(as_adopted(spec, place.adopted), place.hooks, place.on_swarm(self, after))

    def _file(self, path: str, text: str) -> SecretFile:
        family = f"{self.settings.name}_{path.rsplit('/', 1)[-1].partition('.')[0]}"
        return secret_file(family, text, path, place=self._place, labels=self._labels, parent=self)
