"""The tickets system, declared."""

from collections.abc import Mapping

import pulumi

from components.apps.parts import Parts
from components.apps.tickets import services
from components.apps.tickets.layout import ENV_FILE, Names, addresses, service_names
from components.apps.tickets.release import Releases
from components.edge.traefik import Traefik
from components.place import Place, docker_target
from components.release import Release
from components.step import StepSpec, step
from components.swarm.secret import SecretFile
from settings import Estate, TicketsSecrets, Tools, dotenv, web_env
from settings import Tickets as TicketsSettings


class Tickets(pulumi.ComponentResource):
    """Web application, Convex backend, dashboard and recurring calls of one stack.

    Owns: their services, the private network, four protected volumes, the secrets, and the steps
    of two transactions: first Convex (backup, switch, verify), then, with its admin key and
    environment in place, web (backup, migration, seed, queues, functions, switch, verify).
    Does not own: the edge and its network, DNS records, the source tree of `source`.
    Why a switch stands before its service: the step changes the running service, asks it from
    outside and undoes it; the resource then records what was found to serve. A first release has
    nothing to switch, and its service is made by the resource.

    Attributes:
        urls: name → address that answers 200.
        services: logical name → Swarm service.
    """

    urls: Mapping[str, str]
    services: Mapping[str, str]

    def __init__(
        self,
        estate: Estate,
        settings: TicketsSettings,
        secrets: TicketsSecrets,
        *,
        tools: Tools,
        edge: Traefik,
        place: Place,
    ) -> None:
        """Declare the system.

        Args:
            estate: the settings of everything.
            settings: `estate:tickets`.
            secrets: `estate:ticketsSecrets`.
            tools: image for backup and recurring calls.
            edge: the proxy in front.
            place: the host.
        """
        super().__init__("estate:apps:Tickets", settings.name)
        self._estate, self._settings, self._secrets = estate, settings, secrets
        self._tools, self._edge, self._place = tools, edge, place
        self._names = names = Names(settings.name)
        self._parts = parts = Parts(self, place, system="tickets", edge=edge, private=names.network)
        parts.volumes(names.volumes)
        self._at = services.Surroundings(
            tickets=settings,
            edge=edge.settings,
            names=names,
            public=parts.public,
            private=parts.private,
            labels=parts.labels,
            pinned=place.pinned,
        )
        self.urls = addresses(settings, edge.settings)
        self.services = service_names(settings)
        self._declare()
        self.register_outputs({})

    def _declare(self) -> None:
        env_text = dotenv(web_env(self._settings, self._secrets, edge=self._edge.settings))
        env = self._parts.file(f"{self._names.stack}_web_env", env_text, ENV_FILE)
        releases = self._releases(env)
        convex = self._convex(releases)
        key = self._step("convex-admin-key", releases.admin_key(), [convex])
        variables = self._step("convex-env", releases.convex_env(), [key])
        transaction, spec = releases.web(), services.web(self._at, env)
        web = Release(transaction, self._place, self)
        web.add(releases.web_backup(), [variables, env.resource])
        web.add(releases.migrate())
        web.add(releases.seed())
        web.add(releases.queues())
        web.add(releases.functions())
        served = self._parts.service(spec, [web.add(transaction.switch(spec))])
        web.add(transaction.commit(), [served, *self._dashboard()])
        self._cron(served)

    def _convex(self, releases: Releases) -> pulumi.Resource:
        text = self._secrets.CONVEX_INSTANCE_SECRET.get_secret_value()
        family = f"{self._names.stack}_convex_instance"
        file = self._parts.file(family, text, services.INSTANCE_SECRET_FILE)
        transaction, spec = releases.convex(), services.convex(self._at, file)
        release = Release(transaction, self._place, self)
        release.add(releases.convex_backup(), [*self._parts.ready, file.resource])
        served = self._parts.service(spec, [release.add(transaction.switch(spec))])
        return release.add(transaction.commit(), [served, self._edge])

    def _dashboard(self) -> list[pulumi.Resource]:
        dashboard = self._settings.dashboard
        if dashboard is None:
            return []
        return [self._parts.service(services.dashboard(self._at, dashboard))]

    def _cron(self, web: pulumi.Resource) -> None:
        text = self._secrets.REPORTS_CRON_SECRET.get_secret_value()
        family = f"{self._names.stack}_cron"
        file = self._parts.file(family, text, services.CRON_SECRET_FILE)
        spec = services.cron(self._at, self._tools, file)
        if spec is not None:
            self._parts.service(spec, [web])

    def _releases(self, env: SecretFile) -> Releases:
        return Releases(
            tickets=self._settings,
            secrets=self._secrets,
            backup_secrets=self._estate.backup_secrets,
            edge=self._edge.settings,
            tools=self._tools,
            names=self._names,
            manager=docker_target(self._place.manager),
            disk=docker_target(self._place.host),
            pinned=self._place.pinned,
            labels=self._parts.labels,
            env_secret=env.name,
        )

    def _step(self, name: str, spec: StepSpec, after: list[pulumi.Resource]) -> pulumi.Resource:
        opts = pulumi.ResourceOptions(parent=self, depends_on=after)
        return step(f"{self._names.stack}-{name}", spec, opts)
