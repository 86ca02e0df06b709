"""The tickets system, declared."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi
import pulumi_docker as docker

from components.apps.tickets import services
from components.apps.tickets.layout import ENV_FILE, Names, addresses, service_names
from components.apps.tickets.release import Release
from components.place import Place, docker_target, registry_logins
from components.step import StepSpec, step
from components.swarm.network import network
from components.swarm.secret import SecretFile, secret_file
from components.swarm.service import Attachment, ServiceSpec, service
from components.swarm.volume import volume
from settings import Edge, TicketsSecrets, Tools, dotenv, web_env
from settings import Tickets as TicketsSettings


class Tickets(pulumi.ComponentResource):
    """Web application, Convex backend, dashboard and recurring calls of one stack.

    Owns: their services, the private network, four protected volumes, the secrets, and the steps
    of a release, each after the one before: backup, migration, seed, queues, switch, admin key,
    Convex environment, Convex functions, smoke test.
    Does not own: the edge and its network, DNS records, the source tree of `source`.
    Why steps and services alternate: nothing serves on a schema that is not there yet, and
    nothing is migrated that is not backed up.

    Attributes:
        urls: name → address that answers 200.
        services: logical name → Swarm service.
    """

    urls: Mapping[str, str]
    services: Mapping[str, str]

    def __init__(
        self,
        settings: TicketsSettings,
        secrets: TicketsSecrets,
        *,
        edge: Edge,
        public_network: pulumi.Input[str],
        tools: Tools,
        place: Place,
    ) -> None:
        """Declare the system.

        Args:
            settings: `estate:tickets`.
            secrets: `estate:ticketsSecrets`.
            edge: the proxy in front.
            public_network: id of its network.
            tools: image for backup and recurring calls.
            place: the host.
        """
        super().__init__("estate:apps:Tickets", settings.name)
        self._settings, self._secrets, self._edge = settings, secrets, edge
        self._tools, self._place = tools, place
        self._names = Names(settings.name)
        self._labels = {**place.labels, "estate.system": "tickets"}
        private = network(self._names.network, self._labels, place.on_swarm(self))
        self._at = services.Surroundings(
            tickets=settings,
            edge=edge,
            names=self._names,
            public=Attachment(network=public_network),
            private=Attachment(network=private.id),
            labels=self._labels,
            pinned=place.pinned,
        )
        self.urls = addresses(settings, edge)
        self.services = service_names(settings)
        self._declare(private)
        self.register_outputs({})

    def _declare(self, private: docker.Network) -> None:
        env_text = dotenv(web_env(self._settings, self._secrets, edge=self._edge))
        env = self._file("web_env", env_text, ENV_FILE)
        release = self._release(env)
        backup = self._step("backup", release.backup(), self._volumes())
        convex = self._convex(backup)
        migrate = self._step("migrate", release.migrate(), [backup, private, env.resource])
        seed = self._step("auth-seed", release.seed(), [migrate])
        queues = self._step("queues-ensure", release.queues(), [seed])
        web = self._service(services.web(self._at, env), [queues])
        key = self._step("convex-admin-key", release.admin_key(), [web, convex])
        variables = self._step("convex-env", release.convex_env(), [key])
        functions = self._step("convex-deploy", release.convex_deploy(), [variables])
        self._step("smoke", release.smoke(), [functions, *self._dashboard()])
        self._cron(web)

    def _volumes(self) -> list[pulumi.Resource]:
        names = self._names
        return [
            volume(name, self._labels, self._place.on_disk(self))
            for name in (
                names.database_volume,
                names.convex_volume,
                names.archive_volume,
                names.backup_volume,
            )
        ]

    def _convex(self, backup: pulumi.Resource) -> pulumi.Resource:
        text = self._secrets.CONVEX_INSTANCE_SECRET.get_secret_value()
        file = self._file("convex_instance", text, services.INSTANCE_SECRET_FILE)
        return self._service(services.convex(self._at, file), [backup])

    def _dashboard(self) -> list[pulumi.Resource]:
        dashboard = self._settings.dashboard
        if dashboard is None:
            return []
        return [self._service(services.dashboard(self._at, dashboard), [])]

    def _cron(self, web: pulumi.Resource) -> None:
        text = self._secrets.REPORTS_CRON_SECRET.get_secret_value()
        file = self._file("cron", text, services.CRON_SECRET_FILE)
        spec = services.cron(self._at, self._tools, file)
        if spec is not None:
            self._service(spec, [web])

    def _release(self, env: SecretFile) -> Release:
        return Release(
            tickets=self._settings,
            secrets=self._secrets,
            edge=self._edge,
            tools=self._tools,
            names=self._names,
            docker=docker_target(self._place.manager),
            disk=docker_target(self._place.host),
            pinned=self._place.pinned,
            labels=self._labels,
            env_secret=env.name,
        )

    def _file(self, part: str, text: str, target: str) -> SecretFile:
        return secret_file(
            f"{self._names.stack}_{part}",
            text,
            target,
            place=self._place,
            labels=self._labels,
            parent=self,
        )

    def _service(self, spec: ServiceSpec, after: list[pulumi.Resource]) -> docker.Service:
        return service(spec, self._place.hooks, self._place.on_swarm(self, after))

    def _step(self, name: str, spec: StepSpec, after: list[pulumi.Resource]) -> pulumi.Resource:
        opts = pulumi.ResourceOptions(parent=self, depends_on=after)
        logins = registry_logins(self._place.registries)
        if logins and "job" in spec.inputs:  # a job pulls its image; other steps pull nothing
            spec = replace(spec, secrets={**spec.secrets, "registries": logins})
        return step(f"{self._names.stack}-{name}", spec, opts)
