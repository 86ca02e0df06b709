"""The environment that Convex functions read."""

from collections.abc import Mapping, Sequence

import pulumi

from components.native.entries import Entries


class Environment(Entries):
    """The variables of one Convex deployment."""

    def __init__(
        self,
        name: str,
        backend: Mapping[str, object],
        variables: Mapping[str, str],
        *,
        absent: Sequence[str],
        version: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            name: what the preview calls it.
            backend: how it is reached (steps/inputs.py, `ConvexTarget`).
            variables: name → value, all of them secret.
            absent: names that are to have no value.
            version: of the backend; with another one they are set anew.
            opts: parent and what has to be there first.
        """
        secret = {one: pulumi.Output.secret(value) for one, value in variables.items()}
        inputs = {**backend, "variables": secret, "absent": list(absent), "version": version}
        super().__init__("estate:convex:Environment", name, inputs, opts)
