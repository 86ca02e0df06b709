"""An estate of the drift tests alone: edge, CRM and DNS records, brought up once."""

from collections.abc import Iterator

import pytest

from local.cloudflare.api import Cloudflare, running
from tests.drift.by_hand import remove_strangers
from tests.engine.stack import Stack, crm_config, stack

NAME, PORT = "quay", 8240
ZONE = "9876543210abcdef9876543210abcdef"
TOKEN = "a-token-of-the-drift-tests"


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Cloudflare]:
    with running({ZONE: f"{NAME}.localhost"}, TOKEN) as api:
        yield api


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory, cloudflare: Cloudflare) -> Iterator[Stack]:
    """Up and healthy. What other tests make on this machine at the same time is allowed: nothing
    of theirs begins with a q."""
    config = crm_config(NAME, port=PORT)
    config["dns"] = {"zones": {f"{NAME}.localhost": ZONE}, "api_url": cloudflare.url}
    config["dnsSecrets"] = {"CLOUDFLARE_API_TOKEN": TOKEN}
    others = [f"{kind}:[!q]*" for kind in ("service", "container", "network", "secret", "config")]
    config["drift"] = {"ignore": [*others, "node-label:* [!q]*"]}
    with stack(tmp_path_factory.mktemp("quay"), NAME, config) as it:
        remove_strangers(it)  # of a run that was killed
        it.must_up()
        yield it
