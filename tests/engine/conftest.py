"""The estate that most engine tests share: brought up once, left as it was found."""

from collections.abc import Iterator

import pytest

from local.cloudflare.api import Cloudflare, running
from tests.engine.stack import Stack, stack, tickets_config

NAME, PORT = "probe", 8180
ZONE = "0123456789abcdef0123456789abcdef"
TOKEN = "a-token-of-a-test"


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Cloudflare]:
    """The DNS of the shared estate; it refuses wrong methods, paths, tokens and bodies."""
    with running({ZONE: f"{NAME}.localhost"}, TOKEN) as api:
        yield api


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory, cloudflare: Cloudflare) -> Iterator[Stack]:
    """Edge, tickets and DNS records on this machine, up and healthy."""
    config = tickets_config(NAME, port=PORT, by_clock=True)
    config["dns"] = {"zones": {f"{NAME}.localhost": ZONE}, "api_url": cloudflare.url}
    config["dnsSecrets"] = {"CLOUDFLARE_API_TOKEN": TOKEN}
    with stack(tmp_path_factory.mktemp("estate"), NAME, config) as it:
        it.must_up()
        yield it
