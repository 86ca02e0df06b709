"""Stand-in for the cloudflare plugin, version 6.17.0: DNS records."""

from __future__ import annotations

import os

from pulumi.provider.experimental import provider as rpc

from local.plugins.base.provider import StandIn
from local.plugins.cloudflare.records import DnsRecord
from provider.wire.errors import PluginError
from provider.wire.serving import serve
from provider.wire.values import plain_bag

VERSION = "6.17.0"
BASE_URL = "https://api.cloudflare.com/client/v4"


class CloudflareProvider(StandIn):
    """DNS records through API v4."""

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:
        """Take the token and the base URL; nothing is asked yet.

        Raises:
            PluginError: there is no token.
        """
        config = plain_bag(request.args)
        token = config.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN")
        if not token:
            raise PluginError(
                "the cloudflare provider has no API token. Set apiToken, or CLOUDFLARE_API_TOKEN."
            )
        url = config.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or BASE_URL
        self.resources["cloudflare:index/dnsRecord:DnsRecord"] = DnsRecord(str(url), str(token))
        return rpc.ConfigureResponse(supports_preview=True)


def main(engine: str) -> None:
    """Serve the stand-in.

    Args:
        engine: the address that the engine gave.
    """
    serve(CloudflareProvider(), VERSION, engine)
