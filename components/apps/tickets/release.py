"""The releases of the tickets system as phases: one transaction for web, one for Convex. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components import phases
from components.apps.tickets.layout import (
    APP,
    ENV_FILE,
    INTERNAL_CONVEX_URL,
    Names,
    databases,
    web_mounts,
)
from components.job import Jobs
from components.release import Phase, Transaction, fingerprint
from components.step import StepSpec
from settings import (
    CONVEX_VARIABLES,
    BackupSecrets,
    Edge,
    Tickets,
    TicketsSecrets,
    Tools,
    convex_env,
    secret_texts,
    seed_env,
)

_QUICK_LIMIT_S = 300


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What the steps of both transactions share.

    Attributes:
        tickets: the settings.
        secrets: their secrets.
        backup_secrets: of the backups of plain folders; without them those are not copied.
        edge: for the public addresses.
        tools: the image of the backup.
        names: Docker names.
        manager: how a step reaches the Swarm's manager.
        disk: how a step reaches the daemon beside the volumes, where Convex runs.
        pinned: constraints that keep a job beside the volumes.
        labels: who made it.
        env_secret: Docker name of the generation of the `.env`.
    """

    tickets: Tickets
    secrets: TicketsSecrets
    backup_secrets: BackupSecrets | None
    edge: Edge
    tools: Tools
    names: Names
    manager: Mapping[str, object]
    disk: Mapping[str, object]
    pinned: Sequence[str]
    labels: Mapping[str, str]
    env_secret: str

    @property
    def jobs(self) -> Jobs:
        """One-shot jobs of this release."""
        return Jobs(
            prefix=self.names.stack,
            release=self.tickets.release,
            image=self.tickets.image,
            mounts=web_mounts(self.tickets, self.names),
            network=self.names.network,
            env_secret=self.env_secret,
            env_file=ENV_FILE,
            constraints=self.pinned,
            memory_limit=self.tickets.web.memory_limit,
            labels=self.labels,
            limit_s=self.tickets.job_limit.seconds,
        )

    def web(self) -> Transaction:
        """Return the transaction of the web application."""
        tickets, names = self.tickets, self.names
        secret = self.secrets.MACHINE_PROVISIONING_SECRET.get_secret_value()
        return Transaction(
            app=names.stack,
            release=tickets.release,
            image=tickets.image,
            version=[tickets.image, tickets.release],
            mode=tickets.migrations,
            service=names.web,
            writers=[names.web, names.cron] if tickets.migrations == "offline" else [],
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
            release=convex.image.partition("@sha256:")[2][:12],
            image=convex.image,
            version=[convex.image, identity],
            mode="offline",
            service=self.names.convex,
            writers=[self.names.convex],
            verify=self._verify({"url": self.edge.url(convex.domain) + "/version"}),
            secrets={"hidden": [secret]},
        )

    def web_backup(self) -> Phase:
        """Return the phase that copies and proves what web writes."""
        sources = [databases(self.tickets, self.names)["web"]]
        if self.backup_secrets is not None:
            folder = {"kind": "folder", "name": "archives", "volume": self.names.archive_volume}
            sources.append(folder)
        return self._backup(self.jobs, sources)

    def convex_backup(self) -> Phase:
        """Return the phase that copies and proves what Convex writes."""
        source = databases(self.tickets, self.names)["convex"]
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
                **self._convex(),
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
            inputs=self._convex(),
            triggers=self.convex().version,
            limit_s=_QUICK_LIMIT_S,
        )

    def convex_env(self) -> StepSpec:
        """Set every variable of ours in Convex, and remove those that have no value."""
        values = convex_env(self.tickets, self.secrets)
        wanted = {name: values.get(name) for name in CONVEX_VARIABLES}
        return StepSpec(
            run="convex-env",
            inputs=self._convex(),
            secrets={"set": wanted},
            triggers=[*self.convex().version, fingerprint("convex-env", wanted)],
            limit_s=_QUICK_LIMIT_S,
        )

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

    def _convex(self) -> dict[str, object]:
        return {
            "docker": self.disk,
            "service": self.names.convex,
            "instance_name": self.tickets.convex.instance_name,
            "url": self.edge.url(self.tickets.convex.domain),
            **self._private_ca(),
        }

    def _private_ca(self) -> dict[str, object]:
        acme = self.edge.acme
        if acme is None or acme.ca_certificate is None:
            return {}
        return {"ca_certificate": acme.ca_certificate}

    def _backup(self, jobs: Jobs, sources: Sequence[Mapping[str, str]]) -> Phase:
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
