"""A one-shot job in the plain values that steps are given; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.swarm.order import Mount
from components.swarm.service import mount_input

_LEAST_MEMORY = 512 * 2**20
"""Bytes that a migration or a build of functions needs, however small the application is."""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """What all one-shot jobs of one application share.

    Attributes:
        prefix: of their names.
        release: what people call it.
        image: of the release.
        mounts: the application's own.
        network: its private network, by name.
        secrets: Docker name of the generation of a secret → path at which they find it.
        constraints: where they may run.
        memory_limit: bytes the application itself has.
        labels: who made them.
        limit_s: seconds that one of them may take.
    """

    prefix: str
    release: str
    image: str
    mounts: Sequence[Mount]
    network: str
    secrets: Mapping[str, str]
    constraints: Sequence[str]
    memory_limit: int
    labels: Mapping[str, str]
    limit_s: int

    def job(self, name: str, script: str) -> dict[str, object]:
        """Return a job that runs a shell script on the image of the release.

        Args:
            name: end of the job's name.
            script: for `sh -c`; a secret in it would be shown.
        """
        return {
            **self.bare(name, self.image),
            "command": ["sh", "-c", script],
            "mounts": [mount_input(mount) for mount in self.mounts],
            "networks": [{"name": self.network}],
            "secrets": [{"name": name, "target": at} for name, at in self.secrets.items()],
            "memory_limit": max(self.memory_limit, _LEAST_MEMORY),
        }

    def bare(self, name: str, image: str) -> dict[str, object]:
        """Return a job of another image, with nothing of the application around it."""
        return {
            "name": f"{self.prefix}_{name}",
            "image": image,
            "constraints": list(self.constraints),
            "labels": dict(self.labels),
        }
