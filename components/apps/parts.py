"""What an application is declared from: its network, volumes, secret files and services."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import pulumi
import pulumi_docker as docker

from components.apps.surroundings import Ground, Surroundings
from components.edge.traefik import Traefik
from components.place import Place
from components.swarm.adopted import as_adopted
from components.swarm.network import network
from components.swarm.secret import SecretFile, secret_file
from components.swarm.service import Attachment, ServiceSpec, service
from components.swarm.volume import volume
from settings import Application

Settings = TypeVar("Settings", bound=Application)


class Parts:
    """Declares the parts of one application on its host.

    Attributes:
        labels: who made them.
        ready: what has to be there before any job: network and volumes.
    """

    def __init__(self, parent: pulumi.Resource, place: Place, *, system: str, name: str) -> None:
        """Declare the private network.

        Args:
            parent: the application's component.
            place: the host.
            system: label of everything.
            name: of the application: the beginning of its network's name.
        """
        self._parent, self._place = parent, place
        self.labels: Mapping[str, str] = {**place.labels, "estate.system": system}
        private = f"{name}_internal"
        own = network(private, self.labels, place.on_swarm(parent))
        self._private = Attachment(network=own.id, name=private)
        self.ready: list[pulumi.Resource] = [own]

    def surroundings(self, settings: Settings, edge: Traefik) -> Surroundings[Settings]:
        """Return what services and jobs share behind the edge."""
        public = Attachment(network=edge.network, name=edge.settings.network)
        return Surroundings(edge=edge.settings, **vars(self.ground(settings, public)))

    def ground(self, settings: Settings, public: Attachment) -> Ground[Settings]:
        """Return what services and jobs share behind any proxy.

        Args:
            settings: the application's.
            public: the network that it shares with the proxy.
        """
        return Ground(
            settings=settings,
            public=public,
            private=self._private,
            labels=self.labels,
            pinned=self._place.pinned,
            adopted=self._place.adopted,
        )

    def volumes(self, names: Iterable[str]) -> None:
        """Declare protected volumes."""
        on_disk = self._place.on_disk(self._parent)
        self.ready += [volume(name, self.labels, on_disk) for name in names]

    def file(self, family: str, text: str, target: str) -> SecretFile:
        """Declare a secret as a file of a task."""
        return secret_file(
            family, text, target, place=self._place, labels=self.labels, parent=self._parent
        )

    def service(self, spec: ServiceSpec, after: Sequence[pulumi.Resource] = ()) -> docker.Service:
        """Declare a service."""
        place = self._place
        options = place.on_swarm(self._parent, list(after))
        return service(as_adopted(spec, place.adopted), place.hooks, options)
