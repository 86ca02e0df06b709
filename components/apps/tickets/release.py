"""The steps of a tickets release as specifications. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.apps.tickets.layout import (
    APP,
    ENV_FILE,
    INTERNAL_CONVEX_URL,
    Names,
    databases,
    web_mounts,
)
from components.step import StepSpec
from settings import CONVEX_VARIABLES, Edge, Tickets, TicketsSecrets, Tools, convex_env, seed_env

_MIB = 2**20
_BACKUP_LIMIT_S = 1800
_JOB_LIMIT_S = 900
_QUICK_LIMIT_S = 300
_MARGIN_S = 120
"""What the engine waits beyond a step's own limit, so that the step can say why it failed."""


def fingerprint(*values: object) -> str:
    """Return 12 hex digits that change with the values and do not show them."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Release:
    """What the steps of one release share.

    Attributes:
        tickets: the settings.
        secrets: their secrets.
        edge: for the public addresses.
        tools: the image of the backup.
        names: Docker names.
        docker: how a step reaches the Swarm's manager.
        disk: how a step reaches the daemon beside the volumes, where Convex runs.
        pinned: constraints that keep a job beside the volumes.
        labels: who made it.
        env_secret: Docker name of the generation of the `.env`.
    """

    tickets: Tickets
    secrets: TicketsSecrets
    edge: Edge
    tools: Tools
    names: Names
    docker: Mapping[str, object]
    disk: Mapping[str, object]
    pinned: Sequence[str]
    labels: Mapping[str, str]
    env_secret: str

    @property
    def version(self) -> list[str]:
        """What makes it another release: the image, and the commit it is built from."""
        return [self.tickets.image, self.tickets.release]

    @property
    def backend(self) -> list[str]:
        """What makes it another Convex backend: its version, its identity."""
        convex = self.tickets.convex
        secret = self.secrets.CONVEX_INSTANCE_SECRET.get_secret_value()
        return [convex.image, convex.instance_name, fingerprint("instance", secret)]

    def backup(self) -> StepSpec:
        """Copy every SQLite file, and prove each copy, before anything is migrated."""
        return StepSpec(
            run="backup-sqlite",
            inputs={
                "docker": self.docker,
                "job": {
                    "name": f"{self.names.stack}_backup",
                    "image": self.tools.image,
                    "constraints": list(self.pinned),
                    "labels": dict(self.labels),
                },
                "backups_volume": self.names.backup_volume,
                "keep": self.tickets.backup.keep,
                "release": self.tickets.release,
                "databases": databases(self.tickets, self.names),
                "timeout_s": _BACKUP_LIMIT_S,
            },
            triggers=[*self.version, self.tickets.convex.image],
            limit_s=_BACKUP_LIMIT_S + _MARGIN_S,
        )

    def migrate(self) -> StepSpec:
        """Bring the schema to the new image's, on the new image."""
        return self._job("migrate", "prisma migrate deploy", "bun x prisma migrate deploy")

    def seed(self) -> StepSpec:
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
            also=[fingerprint(seed.ensure_only, seed.tenant_id, names, str(seed.admin))],
        )

    def queues(self) -> StepSpec:
        """Ensure the default queues."""
        return self._job("queues-ensure", "bun run queues:ensure", "exec bun run queues:ensure")

    def admin_key(self) -> StepSpec:
        """Prove that the running backend makes admin keys and accepts them."""
        return StepSpec(
            run="convex-admin-key",
            inputs=self._convex(),
            triggers=self.backend,
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
            triggers=[*self.backend, fingerprint("convex-env", wanted)],
            limit_s=_QUICK_LIMIT_S,
        )

    def convex_deploy(self) -> StepSpec:
        """Publish the functions of this release."""
        script = (
            f"cd {APP} && unset CONVEX_DEPLOYMENT CONVEX_DEPLOY_KEY && "
            "bun install --frozen-lockfile && exec bun x convex deploy"
        )
        job = self._job_inputs("convex-deploy", script)
        job["env"] = {"CONVEX_SELF_HOSTED_URL": INTERNAL_CONVEX_URL}
        return StepSpec(
            run="convex-deploy",
            inputs={
                **self._convex(),
                "manager": self.docker,
                "job": job,
                "timeout_s": _JOB_LIMIT_S,
            },
            triggers=[*self.version, *self.backend],
            limit_s=_JOB_LIMIT_S + _MARGIN_S,
        )

    def smoke(self) -> StepSpec:
        """Ask from outside as a device would: register, then report."""
        smoke, tickets = self.tickets.smoke, self.tickets
        secret = self.secrets.MACHINE_PROVISIONING_SECRET.get_secret_value()
        urls = {
            "url": self.edge.url(tickets.web.domain),
            "convex_url": self.edge.url(tickets.convex.domain),
        }
        return StepSpec(
            run="smoke",
            inputs={
                **urls,
                "register_path": smoke.register_path,
                "heartbeat_path": smoke.heartbeat_path,
                "attempts": smoke.attempts,
                "interval_s": smoke.interval.seconds,
                "tenant_id": tickets.seed.tenant_id,
                **self._private_ca(),
            },
            secrets={"MACHINE_PROVISIONING_SECRET": secret},
            triggers=[*self.version, *urls.values(), fingerprint("smoke", secret)],
            limit_s=_JOB_LIMIT_S,
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

    def _job(
        self,
        name: str,
        what: str,
        script: str,
        *,
        secrets: Mapping[str, str] | None = None,
        also: Sequence[str] = (),
    ) -> StepSpec:
        files = [
            {"name": variable, "target": f"/run/secrets/{variable}"} for variable in secrets or {}
        ]
        # A source tree on the host may be fresh; an image brings its packages.
        install = "bun install --frozen-lockfile && " if self.tickets.source else ""
        return StepSpec(
            run="job",
            inputs={
                "docker": self.docker,
                "job": self._job_inputs(name, f"cd {APP} && {install}{script}"),
                "timeout_s": _JOB_LIMIT_S,
                "what": what,
                "secret_files": files,
            },
            secrets=secrets or {},
            triggers=[*self.version, *also],
            limit_s=_JOB_LIMIT_S + _MARGIN_S,
        )

    def _job_inputs(self, name: str, script: str) -> dict[str, object]:
        """Return a one-shot job on the new image, with the application's own files around it."""
        return {
            "name": f"{self.names.stack}_{name}",
            "image": self.tickets.image,
            "command": ["sh", "-c", script],
            "mounts": [
                {"type": mount.kind, "source": mount.source, "target": mount.target}
                for mount in web_mounts(self.tickets, self.names)
            ],
            "networks": [{"name": self.names.network}],
            "secrets": [{"name": self.env_secret, "target": ENV_FILE}],
            "constraints": list(self.pinned),
            "memory_limit": max(self.tickets.web.memory_limit, 512 * _MIB),
            "labels": dict(self.labels),
        }
