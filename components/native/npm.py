"""What Nginx Proxy Manager holds of ours, each a map by name; hosts use the others."""

from collections.abc import Mapping

import pulumi

from components.native.entries import Entries


class Certificates(Entries):
    """The certificates of one proxy."""

    def __init__(
        self,
        name: str,
        reach: Mapping[str, object],
        certificates: Mapping[str, object],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            name: what the preview calls it.
            reach: how the proxy's API is reached (components/edge/npm.py).
            certificates: name → certificate, as steps/npm wants it.
            opts: parent and what has to be there first.
        """
        inputs = {**reach, "certificates": certificates}
        super().__init__("estate:npm:Certificates", name, inputs, opts)


class AccessLists(Entries):
    """The access lists of one proxy."""

    def __init__(
        self,
        name: str,
        reach: Mapping[str, object],
        lists: Mapping[str, object],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            name: what the preview calls it.
            reach: how the proxy's API is reached (components/edge/npm.py).
            lists: name → access list, as steps/npm wants it; secret, for its passwords.
            opts: parent and what has to be there first.
        """
        inputs = {**reach, "lists": pulumi.Output.secret(lists)}
        super().__init__("estate:npm:AccessLists", name, inputs, opts)


class ProxyHosts(Entries):
    """The proxy hosts of one proxy."""

    def __init__(
        self,
        name: str,
        reach: Mapping[str, object],
        hosts: Mapping[str, object],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            name: what the preview calls it.
            reach: how the proxy's API is reached (components/edge/npm.py).
            hosts: name → proxy host, as steps/npm wants it.
            opts: parent and what has to be there first.
        """
        super().__init__("estate:npm:ProxyHosts", name, {**reach, "hosts": hosts}, opts)
