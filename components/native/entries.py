"""A resource that holds a map of entries; see docs/adr/0013-one-resource-for-all-tenants.md."""

from collections.abc import Mapping

import pulumi

from components.place import Place, docker_target, registry_logins

VERSION = "0.1.0"


class Entries(pulumi.CustomResource):
    """What all resources of the provider have in common."""

    def __init__(
        self, token: str, name: str, inputs: Mapping[str, object], opts: pulumi.ResourceOptions
    ) -> None:
        """Declare the resource.

        Args:
            token: its type.
            name: what the preview calls it.
            inputs: the map, and how it is reached.
            opts: parent and what has to be there first.
        """
        fixed = pulumi.ResourceOptions(version=VERSION)
        super().__init__(token, name, dict(inputs), pulumi.ResourceOptions.merge(opts, fixed))


def reached(place: Place) -> dict[str, object]:
    """Return how the provider reaches the Swarm of a place."""
    logins = registry_logins(place.registries)
    given: dict[str, object] = {"docker": docker_target(place.manager)}
    if logins:
        given["registries"] = pulumi.Output.secret(logins)
    return given
