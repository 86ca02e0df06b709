"""The tickets system, declared."""

import pulumi

from components.apps.app import App, Foundation
from components.apps.tickets import services
from components.apps.tickets.layout import ENV_FILE, Names, addresses, service_names
from components.apps.tickets.release import Releases
from components.native.convex import Environment
from components.place import docker_target
from components.release import fingerprint
from components.step import StepSpec, step
from components.swarm.secret import SecretFile
from settings import Tickets as TicketsSettings
from settings import TicketsSecrets, dotenv, web_env


class Tickets(App[TicketsSettings]):
    """Web application, Convex backend, dashboard and recurring calls of one stack.

    Owns: their services, the private network, four protected volumes, the secrets, and the steps
    of two transactions: first Convex (backup, switch, verify), then, with its admin key and
    environment in place, web (backup, migration, seed, queues, functions, switch, verify).
    Does not own: the source tree of `source`.
    Why a switch stands before its service: the step changes the running service, asks it from
    outside and undoes it; the resource then records what was found to serve. A first release has
    nothing to switch, and its service is made by the resource.
    """

    def __init__(
        self, settings: TicketsSettings, secrets: TicketsSecrets, base: Foundation
    ) -> None:
        """Declare the system.

        Args:
            settings: `estate:tickets`.
            secrets: `estate:ticketsSecrets`.
            base: what it stands on.
        """
        super().__init__("Tickets", settings, base)
        self._settings, self._secrets = settings, secrets
        self._names = Names(settings.name)
        self.parts.volumes(self._names.volumes)
        self.urls = addresses(settings, self.at.edge)
        self.services = service_names(settings)
        self._declare()
        self.register_outputs({})

    def _declare(self) -> None:
        env_text = dotenv(web_env(self._settings, self._secrets, edge=self.at.edge))
        env = self.parts.file(f"{self._names.stack}_web_env", env_text, ENV_FILE)
        releases = self._releases(env)
        convex = self._convex(releases)
        key = self._step("convex-admin-key", releases.admin_key(), [convex])
        variables = self._variables(releases, key)
        transaction, spec = releases.web(), services.web(self.at, env)
        web = self.release(transaction)
        web.add(releases.web_backup(), [variables, env.resource])
        web.add(releases.migrate())
        web.add(releases.seed())
        web.add(releases.queues())
        web.add(releases.functions())
        served = self.parts.service(spec, [web.add(transaction.switch(spec))])
        web.add(transaction.commit(), [served, *self._dashboard()])
        self._cron(served)
        self.copied([releases.web_backup(), releases.convex_backup()])

    def _convex(self, releases: Releases) -> pulumi.Resource:
        text = self._secrets.CONVEX_INSTANCE_SECRET.get_secret_value()
        family = f"{self._names.stack}_convex_instance"
        file = self.parts.file(family, text, services.INSTANCE_SECRET_FILE)
        transaction, spec = releases.convex(), services.convex(self.at, file)
        release = self.release(transaction)
        release.add(releases.convex_backup(), [*self.parts.ready, file.resource])
        served = self.parts.service(spec, [release.add(transaction.switch(spec))])
        return release.add(transaction.commit(), [served, self.base.edge])

    def _variables(self, releases: Releases, key: pulumi.Resource) -> pulumi.Resource:
        """Declare what Convex functions read; a deploy of functions comes after it."""
        values, absent = releases.convex_variables()
        return Environment(
            f"{self._names.stack}-convex-env",
            releases.backend(),
            values,
            absent=absent,
            version=fingerprint(*releases.convex().version),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[key]),
        )

    def _dashboard(self) -> list[pulumi.Resource]:
        dashboard = self._settings.dashboard
        if dashboard is None:
            return []
        return [self.parts.service(services.dashboard(self.at, dashboard))]

    def _cron(self, web: pulumi.Resource) -> None:
        text = self._secrets.REPORTS_CRON_SECRET.get_secret_value()
        family = f"{self._names.stack}_cron"
        file = self.parts.file(family, text, services.CRON_SECRET_FILE)
        spec = services.cron(self.at, self.base.tools, file)
        if spec is not None:
            self.parts.service(spec, [web])

    def _releases(self, env: SecretFile) -> Releases:
        return Releases(
            at=self.at,
            secrets=self._secrets,
            backup_secrets=self.base.backup_secrets,
            tools=self.base.tools,
            manager=docker_target(self.place.manager),
            disk=docker_target(self.place.host),
            env=env,
        )

    def _step(self, name: str, spec: StepSpec, after: list[pulumi.Resource]) -> pulumi.Resource:
        opts = pulumi.ResourceOptions(parent=self, depends_on=after)
        return step(f"{self._names.stack}-{name}", spec, opts)
