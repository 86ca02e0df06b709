"""The releases of the tickets system as phases: one transaction for web, one for Convex. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components import phases
from components.apps.surroundings import Surroundings
from components.apps.tickets.layout import (
    APP,
    CONVEX_DATABASE,
    DATABASES,
    INTERNAL_CONVEX_URL,
    Names,
    web_database,
    web_mounts,
)
from components.job import Jobs
from components.release import Phase, Transaction, fingerprint
from components.step import StepSpec
from components.swarm.secret import SecretFile
from settings import (
    CONVEX_VARIABLES,
    BackupSecrets,
    Edge,
    Tickets,
    TicketsSecrets,
    Tools,
    convex_env,
    digits,
    secret_texts,
    seed_env,
)

_QUICK_LIMIT_S = 300


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What the steps of both transactions share.

    Attributes:
        at: settings, edge and network.
        secrets: of the settings.
        backup_secrets: of the backups of plain folders; without them those are not copied.
        tools: the image of the backup.
        manager: how a step reaches the Swarm's manager.
        disk: how a step reaches the daemon beside the volumes, where Convex runs.
        env: the web application's `.env`.
    """

    at: Surroundings[Tickets]
    secrets: TicketsSecrets
    backup_secrets: BackupSecrets | None
    tools: Tools
    manager: Mapping[str, object]
    disk: Mapping[str, object]
    env: SecretFile

    @property
    def tickets(self) -> Tickets:
        """The settings."""
        return self.at.settings

    @property
    def edge(self) -> Edge:
        """What is asked goes through it."""
        return self.at.edge

    @property
    def names(self) -> Names:
        """Docker names."""
        return Names(self.tickets.name)

    @property
    def jobs(self) -> Jobs:
        """One-shot jobs of this release."""
        limit = self.tickets.web.memory_limit
        return self.at.jobs(web_mounts(self.tickets), self.env, memory_limit=limit)

    def web(self) -> Transaction:
        """Return the transaction of the web application."""
        names = self.names
        secret = self.secrets.MACHINE_PROVISIONING_SECRET.get_secret_value()
        return self.at.transaction(
            names.web,
            writers=[names.web, names.cron],
            verify=self._verify(*self._questions(), smoke=self._smoke()),
            secrets={
                "MACHINE_PROVISIONING_SECRET": secret,
                "hidden": list(secret_texts(self.secrets)),
            },
        )

    def convex(self) -> Transaction:
        """Return the transaction of the Convex backend: another version may change its files."""
        convex = self.tickets.convex
        secret = self.secrets.CONVEX_INSTANCE_SECRET.get_secret_value()
        identity = fingerprint(convex.instance_name, secret)
        return Transaction(
            app=f"{self.names.stack}-convex",
            release=digits(convex.image),
            image=convex.image,
            version=[convex.image, identity],
            mode="offline",
            service=self.names.convex,
            writers=[self.names.convex],
            verify=self._verify({"url": self.edge.url(convex.domain) + "/version"}),
            secrets={"hidden": [secret]},
            adopted=self.at.adopted,
        )

    def web_backup(self) -> Phase:
        """Return the phase that copies and proves what web writes."""
        names, file = self.names, web_database(self.tickets)
        sources = [phases.sqlite(DATABASES[0], names.database_volume, file)]
        if self.backup_secrets is not None:
            sources.append(phases.folder("archives", names.archive_volume))
        return self._backup(self.jobs, sources)

    def convex_backup(self) -> Phase:
        """Return the phase that copies and proves what Convex writes."""
        source = phases.sqlite(DATABASES[1], self.names.convex_volume, CONVEX_DATABASE)
        release = self.convex().release
        prefix = f"{self.names.stack}_convex"
        return self._backup(replace(self.jobs, prefix=prefix, release=release), [source])

    def migrate(self) -> Phase:
        """Bring the schema to the new image's, on the new image."""
        return self._job("migrate", "prisma migrate deploy", "bun x prisma migrate deploy")

    def seed(self) -> Phase:
        """Ensure users; their passwords are never reset while `seed.ensure_only` stands."""
        secrets = seed_env(self.tickets, self.secrets)
        names = " ".join(secrets)
        # Variables from a file: a job's environment can be read by whoever may inspect it.
        load = "".join(f'export {name}="$(cat /run/secrets/{name})"; ' for name in secrets)
        seed = self.tickets.seed
        return self._job(
            "auth-seed",
            "bun run auth:seed",
            f"{load}exec bun run auth:seed",
            secrets=secrets,
            triggers=[fingerprint(seed.ensure_only, seed.tenant_id, names, str(seed.admin))],
        )

    def queues(self) -> Phase:
        """Ensure the default queues."""
        return self._job("queues-ensure", "bun run queues:ensure", "exec bun run queues:ensure")

    def functions(self) -> Phase:
        """Publish the Convex functions of this release."""
        script = (
            f"cd {APP} && unset CONVEX_DEPLOYMENT CONVEX_DEPLOY_KEY && "
            "bun install --frozen-lockfile && exec bun x convex deploy"
        )
        job = self.jobs.job("convex-deploy", script)
        job["env"] = {"CONVEX_SELF_HOSTED_URL": INTERNAL_CONVEX_URL}
        limit = self.jobs.limit_s
        return Phase(
            name="convex-deploy",
            kind="functions",
            given={
                **self.backend(),
                "manager": self.manager,
                "job": job,
                "timeout_s": limit,
            },
            triggers=self.convex().version,
            limit_s=limit,
        )

    def admin_key(self) -> StepSpec:
        """Prove that the running backend makes admin keys and accepts them."""
        return StepSpec(
            run="convex-admin-key",
            inputs=self.backend(),
            triggers=self.convex().version,
            limit_s=_QUICK_LIMIT_S,
        )

    def convex_variables(self) -> tuple[dict[str, str], list[str]]:
        """Return every variable of ours in Convex that has a value, and the names of the others."""
        values = convex_env(self.tickets, self.secrets)
        return values, [name for name in CONVEX_VARIABLES if name not in values]

    def backend(self) -> dict[str, object]:
        """Return how the running backend is asked."""
        return {
            "docker": self.disk,
            "service": self.names.convex,
            "instance_name": self.tickets.convex.instance_name,
            "url": self.edge.url(self.tickets.convex.domain),
            **self._private_ca(),
        }

    def _smoke(self) -> dict[str, object]:
        smoke, tickets = self.tickets.smoke, self.tickets
        return {
            "url": self.edge.url(tickets.web.domain),
            "convex_url": self.edge.url(tickets.convex.domain),
            "register_path": smoke.register_path,
            "heartbeat_path": smoke.heartbeat_path,
            "attempts": smoke.attempts,
            "interval_s": smoke.interval.seconds,
            "tenant_id": tickets.seed.tenant_id,
        }

    def _questions(self) -> list[dict[str, object]]:
        """Return what is asked of web: its front page and, where it shows it, its release."""
        smoke, page = self.tickets.smoke, self.edge.url(self.tickets.web.domain)
        questions: list[dict[str, object]] = [{"url": page}]
        if smoke.release_path is not None:
            url = page + smoke.release_path
            questions.append({"url": url, "release_key": smoke.release_key})
        return questions

    def _verify(
        self, *questions: dict[str, object], smoke: dict[str, object] | None = None
    ) -> dict[str, object]:
        patience = self.tickets.smoke
        return phases.asked(
            self.edge,
            questions,
            attempts=patience.attempts,
            interval=patience.interval,
            smoke=smoke,
        )

    def _private_ca(self) -> dict[str, object]:
        acme = self.edge.acme
        if acme is None or acme.ca_certificate is None:
            return {}
        return {"ca_certificate": acme.ca_certificate}

    def _backup(self, jobs: Jobs, sources: Sequence[Mapping[str, object]]) -> Phase:
        return phases.backup(
            jobs,
            sources,
            tools=self.tools.image,
            volume=self.names.backup_volume,
            keep=self.tickets.backup.keep,
            secrets=self.backup_secrets,
        )

    def _job(
        self,
        name: str,
        what: str,
        script: str,
        *,
        secrets: Mapping[str, str] | None = None,
        triggers: Sequence[str] = (),
    ) -> Phase:
        # A source tree on the host may be fresh; an image brings its packages.
        install = "bun install --frozen-lockfile && " if self.tickets.source else ""
        script = f"cd {APP} && {install}{script}"
        return phases.work(self.jobs, name, script, what=what, secrets=secrets, triggers=triggers)
