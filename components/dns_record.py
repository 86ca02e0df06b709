"""A Cloudflare record without Cloudflare's Python package, whose import costs 9 s and 350 MB.

The same token and version as the package's own class, so the engine starts the same plugin; a
test compares the fields with those of the package.
"""

import pulumi

VERSION = "6.17.0"
_TOKEN = "cloudflare:index/dnsRecord:DnsRecord"  # noqa: S105 - a type token


class DnsRecord(pulumi.CustomResource):
    """One record of a zone."""

    def __init__(  # noqa: PLR0913 - the fields of a record
        self,
        resource_name: str,
        *,
        zone_id: str,
        name: str,
        type: str,  # noqa: A002 - the field's name
        content: str,
        ttl: int,
        proxied: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare a record.

        Args:
            resource_name: what the preview calls it.
            zone_id: 32 hex digits.
            name: full name of the record.
            type: A, AAAA or CNAME.
            content: address or host name.
            ttl: seconds; 1 is automatic.
            proxied: whether Cloudflare stands in between.
            opts: parent and provider.
        """
        super().__init__(
            _TOKEN,
            resource_name,
            {
                "zoneId": zone_id,
                "name": name,
                "type": type,
                "content": content,
                "ttl": ttl,
                "proxied": proxied,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=VERSION)),
        )


def cloudflare_provider(
    name: str, *, token: str, base_url: str | None, parent: pulumi.Resource
) -> pulumi.ProviderResource:
    """Declare the provider.

    Args:
        name: what the preview calls it.
        token: API token.
        base_url: another address of the API; None is Cloudflare's.
        parent: whose child it is.
    """
    inputs: dict[str, pulumi.Input[str]] = {"apiToken": pulumi.Output.secret(token)}
    if base_url is not None:
        inputs["baseUrl"] = base_url
    return pulumi.ProviderResource(
        "cloudflare", name, inputs, pulumi.ResourceOptions(parent=parent, version=VERSION)
    )
