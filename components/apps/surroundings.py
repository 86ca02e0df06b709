"""What all services and jobs of one application share. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from components.edge.route import Route, route_labels
from components.job import Jobs
from components.release import Transaction
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Attachment
from settings import Application, DockerStack, Edge

Settings_co = TypeVar("Settings_co", bound=Application, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Ground(Generic[Settings_co]):
    """What is an application's own, whatever stands in front of it.

    Attributes:
        settings: its own.
        private: its own network.
        public: the network that it shares with the proxy in front.
        labels: who made it.
        pinned: constraints that keep a task beside its volumes.
        adopted: service → what it keeps of the docker stack that made it.
    """

    settings: Settings_co
    private: Attachment
    public: Attachment
    labels: Mapping[str, str]
    pinned: Sequence[str]
    adopted: Mapping[str, DockerStack] = field(default_factory=dict)

    def aliased(self, *aliases: str) -> Attachment:
        """Return the private network with short names on it."""
        return replace(self.private, aliases=aliases)

    def jobs(self, mounts: Sequence[Mount], *files: SecretFile, memory_limit: int) -> Jobs:
        """Return what the one-shot jobs of a release share.

        Args:
            mounts: what they see of the application's data.
            files: its `.env`, and other secrets that they read.
            memory_limit: bytes that the application itself has.
        """
        return Jobs(
            prefix=self.settings.name,
            release=self.settings.release,
            image=self.settings.image,
            mounts=mounts,
            network=self.private.name,
            secrets={file.name: file.target for file in files},
            constraints=self.pinned,
            memory_limit=memory_limit,
            labels=self.labels,
            limit_s=self.settings.job_limit.seconds,
        )

    def transaction(
        self,
        service: str,
        *,
        writers: Sequence[str],
        verify: Mapping[str, object],
        secrets: Mapping[str, object],
    ) -> Transaction:
        """Return the transaction of the application's own image.

        Args:
            service: the one that is switched.
            writers: see `Transaction`.
            verify: what is asked from outside (components/phases.py).
            secrets: see `Transaction`.
        """
        settings = self.settings
        return Transaction(
            app=settings.name,
            release=settings.release,
            image=settings.image,
            version=[settings.image, settings.release],
            mode=settings.migrations,
            service=service,
            writers=writers,
            verify=verify,
            secrets=secrets,
            adopted=self.adopted,
        )


@dataclass(frozen=True, kw_only=True)
class Surroundings(Ground[Settings_co]):
    """Where an application behind the edge stands.

    Attributes:
        edge: whose routes it asks for.
    """

    edge: Edge

    def routed(self, route: Route) -> dict[str, str]:
        """Return the labels of a service that the edge serves."""
        return {**self.labels, **route_labels(route, self.edge)}
