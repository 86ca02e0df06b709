"""An application as a component: what each is given, and what each has to say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

import pulumi

from components.apps.parts import Parts
from components.apps.surroundings import Settings_co
from components.edge.traefik import Traefik
from components.place import Place
from components.release import Release, Transaction
from settings import BackupSecrets, Tools


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What every application of a stack stands on.

    Attributes:
        edge: the proxy in front.
        tools: image of backups and other jobs.
        backup_secrets: of the copies of plain folders.
        places: name → host.
    """

    edge: Traefik
    tools: Tools
    backup_secrets: BackupSecrets | None
    places: Mapping[str, Place]


class App(pulumi.ComponentResource, Generic[Settings_co]):
    """One application of a stack, with a private network of its own.

    Does not own: the edge and its network, DNS records.

    Attributes:
        base: what it stands on.
        place: its host.
        parts: declares its parts.
        at: what its services and jobs share.
        urls: name → address that answers 200.
        services: logical name → Swarm service.
    """

    urls: Mapping[str, str]
    services: Mapping[str, str]

    def __init__(self, kind: str, settings: Settings_co, base: Foundation) -> None:
        """Declare the private network.

        Args:
            kind: of the application, as the preview calls it.
            settings: its own.
            base: what it stands on.
        """
        super().__init__(f"estate:apps:{kind}", settings.name)
        self.base, self.place = base, base.places[settings.host]
        self.parts = Parts(self, self.place, system=kind.lower(), name=settings.name)
        self.at = self.parts.surroundings(settings, base.edge)

    def release(self, transaction: Transaction) -> Release:
        """Return a release of the application that has no phase yet."""
        return Release(transaction, self.place, self)
