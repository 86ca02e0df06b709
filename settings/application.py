"""What every application of the estate has, whichever it is."""

from abc import abstractmethod
from typing import Literal

from .duration import Duration
from .model import Model
from .types import Commit, HostName, ImageRef, Kept, Timespan

Migrations = Literal["online", "offline"]
"""`online`: the old release can serve on the new schema; `offline`: nothing writes meanwhile."""


class Backup(Model):
    """Copies made before each release.

    Attributes:
        keep: how many proven ones stay.
    """

    keep: Kept = 5


class Application(Model):
    """An application and its release.

    Attributes:
        host: name of the host it runs on.
        image: what runs; a release is another one.
        release_sha: the commit that it holds.
        job_limit: how long a migration, a seed or any other job of a release may take.
    """

    host: HostName
    image: ImageRef
    release_sha: Commit | None = None
    job_limit: Timespan = Duration(900)

    @abstractmethod
    def domains(self) -> dict[str, str]:
        """Each setting that holds a domain → the domain, the keys below the application's own."""

    @property
    def release(self) -> str:
        """The name of the release: the commit, or the first 12 digits of the image's digest."""
        return self.release_sha or self.image.partition("@sha256:")[2][:12]
