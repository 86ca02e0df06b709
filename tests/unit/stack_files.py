"""Stack files as the settings take them."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

import settings

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "a1" * 32
IMAGE = f"registry.example.com/app@{DIGEST}"
STRONG = "0123456789abcdef" * 4

VALID: dict[str, Any] = {
    "hosts": {"vps": {"url": "unix:///var/run/docker.sock", "address": "203.0.113.7"}},
    "edge": {"host": "vps", "image": IMAGE, "filter_image": IMAGE, "acme": None},
    "dns": {"zones": {"example.com": "1f" * 16}},
    "dnsSecrets": {"CLOUDFLARE_API_TOKEN": "token"},
    "tools": {"image": IMAGE},
    "tickets": {
        "host": "vps",
        "image": IMAGE,
        "web": {"domain": "tickets.example.com"},
        "convex": {"domain": "convex.example.com", "image": IMAGE},
        "env": {
            "SMTP_ADDRESS": "smtp.example.com",
            "SMTP_DOMAIN": "example.com",
            "SMTP_USERNAME": "tickets",
            "MAILER_SENDER_EMAIL": "Tickets <no-reply@example.com>",
        },
    },
    "ticketsSecrets": {
        "BETTER_AUTH_SECRET": STRONG,
        "MACHINE_PROVISIONING_SECRET": STRONG,
        "CONVEX_SYNC_SECRET": STRONG,
        "CONVEX_INSTANCE_SECRET": STRONG,
        "SMTP_PASSWORD": "password",
        "REPORTS_CRON_SECRET": STRONG,
    },
}

CRM: dict[str, Any] = {
    "crm": {
        "host": "vps",
        "image": IMAGE,
        "backend": {"domain": "api.example.com"},
        "postgres": {"image": IMAGE},
    },
    "crmSecrets": {"POSTGRES_PASSWORD": STRONG},
    "backupSecrets": {"RESTIC_PASSWORD": STRONG},
}
"""The CRM, for `changed`: other changes come after it."""


ERP: dict[str, Any] = {
    "npm": {
        "host": "vps",
        "image": IMAGE,
        "http_port": 8088,
        "https_port": 8443,
        "admin_email": "admin@example.com",
        "acme": None,
    },
    "npmSecrets": {"ADMIN_PASSWORD": STRONG},
    "erp": {
        "host": "vps",
        "image": IMAGE,
        "domain": "erp.example.com",
        "mariadb": {"image": IMAGE},
        "redis": {"image": IMAGE},
        "tenants": {"acme": {}, "globex": {}},
    },
    "erpSecrets": {
        "MARIADB_ROOT_PASSWORD": STRONG,
        "tenants": {"acme": {"ADMIN_PASSWORD": STRONG}, "globex": {"ADMIN_PASSWORD": STRONG}},
    },
}
"""The ERP with its proxy beside Traefik, for `changed`: other changes come after it."""


class Gone:
    """Marks a key that a test takes away."""

    def __repr__(self) -> str:
        """The same in every process: it is in the names of tests."""
        return "GONE"


GONE = Gone()


def changed(changes: Mapping[str, object]) -> dict[str, Any]:
    """A copy of the valid stack file with keys set or taken away, each named by its way."""
    stack = deepcopy(VALID)
    for way, value in changes.items():
        *above, last = way.split(".")
        place = stack
        for key in above:
            place = place.setdefault(key, {})
        if value is GONE:
            place.pop(last, None)
        else:
            place[last] = deepcopy(value)
    return stack


def mistakes(changes: Mapping[str, object], stack: str = "test") -> list[str]:
    """What the settings say of the valid stack file with changes; they have to refuse it."""
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(raw(changed(changes)), stack)
    assert str(caught.value) == "\n".join(caught.value.mistakes)
    return list(caught.value.mistakes)


def raw(stack: Mapping[str, object]) -> dict[str, str | None]:
    """A stack file's parts as the engine hands them over."""
    return {key: json.dumps(value) for key, value in stack.items()}


def read(path: str) -> dict[str, Any]:
    """The parts of a stack file in the repository."""
    return parts((ROOT / path).read_text(encoding="utf-8"))


def parts(text: str) -> dict[str, Any]:
    """The parts of the text of a stack file, without `estate:`."""
    config = yaml.safe_load(text)["config"]
    return {key.removeprefix("estate:"): value for key, value in config.items()}
