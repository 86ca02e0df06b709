"""The CRM, declared."""

from components.apps.app import App, Foundation
from components.apps.crm import services
from components.apps.crm.layout import PASSWORD_FILE, Names, addresses, service_names
from components.apps.crm.release import Releases
from components.phases import guarding
from settings import Crm as CrmSettings
from settings import CrmSecrets, crm_env, dotenv


class Crm(App[CrmSettings]):
    """Backend and database of one stack.

    Owns: both services, the private network, four protected volumes, the secrets, and the release
    of the backend: backup, migration, seed, switch, verify.
    Why the database stands between backup and migration: another version of it is not started on
    data that nobody has copied. Going back from it is Swarm's own rollback, and a new major version
    needs its data moved by hand.
    """

    def __init__(self, settings: CrmSettings, secrets: CrmSecrets, base: Foundation) -> None:
        """Declare the system.

        Args:
            settings: `estate:crm`.
            secrets: `estate:crmSecrets`.
            base: what it stands on.
        """
        super().__init__("Crm", settings, base)
        parts, at, names = self.parts, self.at, Names(settings.name)
        parts.volumes(names.volumes)
        password = parts.file(
            names.password_secret, secrets.POSTGRES_PASSWORD.get_secret_value(), PASSWORD_FILE
        )
        env_text = dotenv(crm_env(settings, secrets))
        env = parts.file(names.env_secret, env_text, settings.paths.env_file)
        releases = Releases(
            at=at,
            secrets=secrets,
            backup_secrets=base.backup_secrets,
            tools=base.tools,
            env=env,
            password=password,
        )
        transaction, spec = releases.backend(), services.backend(at, env)
        release, server = self.release(transaction), services.postgres(at, password)
        before, copies = [*parts.ready, password.resource], releases.backup()
        if copies is not None:
            before = [release.add(guarding(copies, server), before)]
        ready = [parts.service(server, before), env.resource, base.edge]
        for phase in (releases.migrate(), releases.seed()):
            if phase is not None:
                release.add(phase, ready)
        served = parts.service(spec, [release.add(transaction.switch(spec))])
        release.add(transaction.commit(), [served])
        self.copied([] if copies is None else [copies], [password])
        self.urls = addresses(settings, at.edge)
        self.services = service_names(settings)
        self.register_outputs({})
