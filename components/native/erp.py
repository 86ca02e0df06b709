"""The sites of an ERP, a map by customer."""

from collections.abc import Mapping

import pulumi

from components.native.entries import Entries


class Sites(Entries):
    """The sites of one bench."""

    def __init__(
        self,
        name: str,
        reach: Mapping[str, object],
        sites: Mapping[str, Mapping[str, object]],
        passwords: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            name: what the preview calls it.
            reach: how the bench is reached.
            sites: customer → site, as steps/erp wants it.
            passwords: customer → password of the site's administrator, in clear.
            opts: parent and what has to be there first.
        """
        secret = {key: pulumi.Output.secret(text) for key, text in passwords.items()}
        inputs = {**reach, "sites": sites, "passwords": secret}
        super().__init__("estate:erp:Sites", name, inputs, opts)
