"""Typical changes of a stack, and the reports that the program makes of them.

Written to docs/previews by `make previews`. The stack is one of a host behind ssh that nobody can
reach, deployed as far as its state goes; so a report needs no Swarm.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from ops.engine import Engine
from ops.preview.command import looked_at
from ops.preview.report import Report
from ops.preview.shown import as_markdown
from ops.workplace import ROOT, engine_environment
from tests.preview.pretended import deployment

PAGES = ROOT / "docs" / "previews"
STACK = "prod"
_IMAGES = "registry.example.com"
_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "b" * 43
_CONVEX = f"{_IMAGES}/convex-backend@sha256:{'c0' * 32}"


def digest(name: str, *, release: int = 1) -> str:
    """Return an image with a digest that a reader can tell from another."""
    return f"{_IMAGES}/{name}@sha256:{hashlib.sha256(f'{name} {release}'.encode()).hexdigest()}"


def secret(name: str) -> str:
    """Return a value that may be shown nowhere."""
    return hashlib.sha256(f"secret {name}".encode()).hexdigest()


def base() -> dict[str, Any]:
    """Return the parts of the stack file that is deployed, secrets in clear."""
    of_tickets = (
        *("BETTER_AUTH_SECRET", "MACHINE_PROVISIONING_SECRET", "CONVEX_SYNC_SECRET"),
        *("CONVEX_INSTANCE_SECRET", "SMTP_PASSWORD", "REPORTS_CRON_SECRET"),
    )
    return {
        "hosts": {
            name: {"url": f"ssh://deploy@{address}:22", "address": address, "host_key": _HOST_KEY}
            for name, address in (("vps", "203.0.113.7"), ("erp", "203.0.113.8"))
        },
        "edge": {
            "host": "vps",
            "image": digest("traefik"),
            "filter_image": digest("docker-filter"),
            "acme": {"email": "admin@example.com"},
        },
        "dns": {"zones": {"example.com": "1f" * 16}},
        "dnsSecrets": {"CLOUDFLARE_API_TOKEN": secret("token")},
        "tools": {"image": digest("tools")},
        "tickets": {
            "host": "vps",
            "name": "sistema",
            "image": digest("tickets"),
            "web": {"domain": "tickets.example.com"},
            "convex": {"domain": "convex.example.com", "image": _CONVEX},
            "dashboard": {
                "domain": "convex-admin.example.com",
                "image": digest("convex-dashboard"),
                "allow": ["198.51.100.0/24"],
            },
            "env": {
                "SMTP_ADDRESS": "smtp.example.com",
                "SMTP_DOMAIN": "example.com",
                "SMTP_USERNAME": "tickets",
                "MAILER_SENDER_EMAIL": "Tickets <no-reply@example.com>",
            },
        },
        "ticketsSecrets": {name: secret(name) for name in of_tickets},
        "crm": {
            "host": "vps",
            "image": digest("crm"),
            "backend": {"domain": "api.example.com"},
            "postgres": {"image": digest("postgres")},
        },
        "crmSecrets": {"POSTGRES_PASSWORD": secret("POSTGRES_PASSWORD")},
        "npm": {
            "host": "erp",
            "image": digest("npm"),
            "admin_email": "admin@example.com",
            "acme": {},
        },
        "npmSecrets": {"ADMIN_PASSWORD": secret("npm")},
        "erp": {
            "host": "erp",
            "image": digest("erpnext"),
            "domain": "erp.example.com",
            "mariadb": {"image": digest("mariadb")},
            "redis": {"image": digest("redis")},
            "tenants": {"acme": {}},
        },
        "erpSecrets": {
            "MARIADB_ROOT_PASSWORD": secret("mariadb"),
            "tenants": {"acme": {"ADMIN_PASSWORD": secret("acme")}},
        },
        "backupSecrets": {"RESTIC_PASSWORD": secret("RESTIC_PASSWORD")},
    }


@dataclass(frozen=True, kw_only=True)
class Example:
    """One change of the stack file.

    Attributes:
        page: name of its file in docs/previews, without `.md`.
        title: what a person did.
        change: does it to the parts of the stack file.
    """

    page: str
    title: str
    change: Callable[[dict[str, Any]], None]


def _online(parts: dict[str, Any]) -> None:
    parts["crm"]["image"] = digest("crm", release=2)


def _offline(parts: dict[str, Any]) -> None:
    parts["tickets"]["image"] = digest("tickets", release=2)


def _domain(parts: dict[str, Any]) -> None:
    parts["crm"]["backend"]["domain"] = "crm.example.com"


def _tenant(parts: dict[str, Any]) -> None:
    parts["erp"]["tenants"]["globex"] = {"domains": ["globex.example.com"]}
    parts["erpSecrets"]["tenants"]["globex"] = {"ADMIN_PASSWORD": secret("globex")}


def _removed(parts: dict[str, Any]) -> None:
    del parts["tickets"]["dashboard"]


EXAMPLES = (
    Example(
        page="release-online",
        title="A new digest whose migrations the old release can live with",
        change=_online,
    ),
    Example(
        page="release-offline",
        title="A new digest whose migrations need everything stopped",
        change=_offline,
    ),
    Example(page="tenant-new", title="Another customer of the ERP", change=_tenant),
    Example(page="domain", title="Another domain", change=_domain),
    Example(page="service-removed", title="A service less", change=_removed),
)


class Deployed:
    """A stack in a folder of its own whose state says that all of it is there.

    Attributes:
        engine: on the stack.
    """

    def __init__(self, folder: Path) -> None:
        """Make the stack, in no place that anybody else uses."""
        environment = engine_environment()
        environment["PULUMI_BACKEND_URL"] = f"file://{folder}"
        environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        environment["PULUMI_CONFIG_PASSPHRASE"] = "of an example"
        self._file = folder / f"Pulumi.{STACK}.yaml"
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        self._file.write_text("config: {}\n", encoding="utf-8")
        self.engine = Engine(STACK, config_file=self._file, environment=environment)
        init = ("stack", "init", STACK, "--non-interactive", "--cwd", str(folder))
        self.engine.run_bare(*init)
        self._salt = {"encryptionsalt": self._written()["encryptionsalt"]}

    def deploy(self, parts: dict[str, Any]) -> None:
        """Have the state say that these parts of a stack file are deployed."""
        state = json.loads(self.engine.ask("stack", "export"))
        provider = {"type": "passphrase", "state": {"salt": self._salt["encryptionsalt"]}}
        state["deployment"] = {**deployment(parts, STACK), "secrets_providers": provider}
        self.engine.ask("stack", "import", stdin=json.dumps(state))
        self.set(parts)

    def set(self, parts: dict[str, Any]) -> None:
        """Write the stack file."""
        config = {f"estate:{key}": value for key, value in parts.items()}
        self._file.write_text(yaml.safe_dump({**self._salt, "config": config}), encoding="utf-8")

    def report(self) -> Report:
        """Return the report of what is written against what is deployed."""
        return looked_at(self.engine)[0]

    def _written(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self._file.read_text(encoding="utf-8"))
        return found


@contextmanager
def deployed() -> Iterator[Deployed]:
    """Give the stack of the examples, deployed."""
    with TemporaryDirectory() as folder:
        it = Deployed(Path(folder))
        it.deploy(base())
        yield it


def page(example: Example, it: Deployed) -> str:
    """Return the page of an example."""
    parts = deepcopy(base())
    example.change(parts)
    it.set(parts)
    return f"# {example.title}\n\nMade by `make previews`.\n\n{as_markdown(it.report())}"


def write() -> None:
    """Write every page."""
    PAGES.mkdir(exist_ok=True)
    with deployed() as it:
        for example in EXAMPLES:
            (PAGES / f"{example.page}.md").write_text(page(example, it), encoding="utf-8")


if __name__ == "__main__":
    write()
    sys.stdout.write(f"written: {len(EXAMPLES)} pages in {PAGES.relative_to(ROOT)}\n")
