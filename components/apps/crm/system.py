"""The CRM, declared."""

from collections.abc import Mapping

import pulumi

from components.apps.crm import services
from components.apps.crm.layout import PASSWORD_FILE, Names, addresses, service_names
from components.apps.crm.release import Releases
from components.apps.parts import Parts
from components.edge.traefik import Traefik
from components.phases import guarding
from components.place import Place
from components.release import Release
from settings import Crm as CrmSettings
from settings import CrmSecrets, Estate, Tools, crm_env, dotenv


class Crm(pulumi.ComponentResource):
    """Backend and database of one stack.

    Owns: both services, the private network, four protected volumes, the secrets, and the release
    of the backend: backup, migration, seed, switch, verify.
    Does not own: the edge and its network, DNS records.
    Why the database stands between backup and migration: another version of it is not started on
    data that nobody has copied. Going back from it is Swarm's own rollback, and a new major version
    needs its data moved by hand.

    Attributes:
        urls: name → address that answers 200.
        services: logical name → Swarm service.
    """

    urls: Mapping[str, str]
    services: Mapping[str, str]

    def __init__(
        self,
        estate: Estate,
        settings: CrmSettings,
        secrets: CrmSecrets,
        *,
        tools: Tools,
        edge: Traefik,
        place: Place,
    ) -> None:
        """Declare the system.

        Args:
            estate: the settings of everything.
            settings: `estate:crm`.
            secrets: `estate:crmSecrets`.
            tools: image of the backups.
            edge: the proxy in front.
            place: the host.
        """
        super().__init__("estate:apps:Crm", settings.name)
        names = Names(settings.name)
        parts = Parts(self, place, system="crm", edge=edge, private=names.network)
        parts.volumes(names.volumes)
        at = services.Surroundings(
            crm=settings,
            edge=edge.settings,
            names=names,
            public=parts.public,
            private=parts.private,
            labels=parts.labels,
            pinned=place.pinned,
        )
        password = parts.file(
            names.password_secret, secrets.POSTGRES_PASSWORD.get_secret_value(), PASSWORD_FILE
        )
        env_text = dotenv(crm_env(settings, secrets))
        env = parts.file(names.env_secret, env_text, settings.paths.env_file)
        releases = Releases(
            crm=settings,
            secrets=secrets,
            backup_secrets=estate.backup_secrets,
            edge=edge.settings,
            tools=tools,
            names=names,
            pinned=place.pinned,
            labels=parts.labels,
            env_secret=env.name,
            password_secret=password.name,
        )
        transaction, spec = releases.backend(), services.backend(at, env)
        release, server = Release(transaction, place, self), services.postgres(at, password)
        before, copies = [*parts.ready, password.resource], releases.backup()
        if copies is not None:
            before = [release.add(guarding(copies, server), before)]
        ready = [parts.service(server, before), env.resource, edge]
        for phase in (releases.migrate(), releases.seed()):
            if phase is not None:
                release.add(phase, ready)
        served = parts.service(spec, [release.add(transaction.switch(spec))])
        release.add(transaction.commit(), [served])
        self.urls = addresses(settings, edge.settings)
        self.services = service_names(settings)
        self.register_outputs({})
