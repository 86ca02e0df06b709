"""An application as a component: what each is given, and what each has to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import pulumi

from components.apps.copies import declare
from components.apps.copy_services import Copying
from components.apps.parts import Parts
from components.apps.surroundings import Settings_co
from components.edge.traefik import Traefik
from components.place import Place
from components.release import Phase, Release, Transaction
from components.swarm.secret import SecretFile
from settings import BackupSecrets, Tools


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What every application of a stack stands on.

    Attributes:
        edge: the proxy in front.
        tools: image of backups and other jobs.
        backup_secrets: of the copies of plain folders.
        places: name → host.
        copying: what copies by the clock share.
    """

    edge: Traefik
    tools: Tools
    backup_secrets: BackupSecrets | None
    places: Mapping[str, Place]
    copying: Copying


class System(pulumi.ComponentResource):
    """An application of a stack, whatever stands in front of it, with a network of its own.

    Attributes:
        place: its host.
        parts: declares its parts.
        urls: name → address that answers 200.
        services: logical name → Swarm service.
    """

    urls: Mapping[str, str]
    services: Mapping[str, str]

    def __init__(self, kind: str, name: str, place: Place) -> None:
        """Declare the private network.

        Args:
            kind: of the application, as the preview calls it.
            name: its own.
            place: its host.
        """
        super().__init__(f"estate:apps:{kind}", name)
        self.place = place
        self.parts = Parts(self, place, system=kind.lower(), name=name)

    def release(self, transaction: Transaction) -> Release:
        """Return a release of the application that has no phase yet."""
        return Release(transaction, self.place, self)


class App(System, Generic[Settings_co]):
    """An application behind the edge.

    Does not own: the edge and its network, DNS records.

    Attributes:
        base: what it stands on.
        at: what its services and jobs share.
    """

    def __init__(self, kind: str, settings: Settings_co, base: Foundation) -> None:
        """Declare the private network.

        Args:
            kind: of the application, as the preview calls it.
            settings: its own.
            base: what it stands on.
        """
        super().__init__(kind, settings.name, base.places[settings.host])
        self.base = base
        self.at = self.parts.surroundings(settings, base.edge)

    def copied(self, backups: Sequence[Phase], held: Sequence[SecretFile] = ()) -> None:
        """Declare the services that copy by the clock.

        Args:
            backups: the phases of its releases that copy its data.
            held: the secrets that its sources name.
        """
        declare(self.parts, self.at, backups, self.base.copying, held=held)
