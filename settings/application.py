"""What every application of the estate has, whichever it is."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from .duration import Duration
from .model import Listed, Model
from .types import (
    Argument,
    Attempts,
    ByteSize,
    Commit,
    CronExpression,
    Domain,
    HostName,
    HttpPath,
    HttpStatus,
    ImageRef,
    Kept,
    ServiceName,
    Timespan,
)

_GIB = 2**30

Migrations = Literal["online", "offline"]
"""`online`: the old release can serve on the new schema; `offline`: nothing writes meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """What is released on its own.

    Attributes:
        release: what people call this release.
        image: what it runs.
        key: where the settings have the image, below the application's own key; mostly itself.
    """

    release: str
    image: str
    key: str = ""


def digits(image: str) -> str:
    """Return the first 12 digits of an image's digest, empty for one without."""
    return image.partition("@sha256:")[2][:12]


class Part(Model):
    """A service of an application.

    Attributes:
        memory_limit: bytes.
        memory_reservation: bytes.
    """

    memory_limit: ByteSize = _GIB
    memory_reservation: ByteSize = _GIB // 4


class Front(Part):
    """The service of an application that its users reach.

    Attributes:
        domain: its public name.
        extra_domains: older names that must keep answering.
        start_period: how long a start may take before a failing health check counts.
    """

    domain: Domain
    extra_domains: Listed[Domain] = ()
    start_period: Timespan = Duration(30)

    def names(self, key: str) -> dict[str, str]:
        """Each setting below a key that holds a domain → the domain."""
        older = {f"{key}.extra_domains[{i}]": name for i, name in enumerate(self.extra_domains)}
        return {f"{key}.domain": self.domain, **older}


class Backup(Model):
    """Copies made before each release.

    Attributes:
        keep: how many proven ones stay.
    """

    keep: Kept = 5


class DailyBackup(Backup):
    """Copies made before each release and by the clock; `keep` holds for each of the two.

    Attributes:
        schedule: when copies are made besides those before a release, in UTC; none without it.
    """

    schedule: CronExpression | None = "17 3 * * *"


class Verify(Model):
    """What a user would ask through the edge, and what has to be the answer.

    Attributes:
        path: of the question, also the container's own health check.
        status: of the answer.
        body: a text that must be part of it.
        release: the key of the answer's JSON that shows the release.
        attempts: how often it is asked.
        interval: time between two questions.
    """

    path: HttpPath = "/api/health"
    status: HttpStatus = 200
    body: Argument | None = None
    release: Argument | None = None
    attempts: Attempts = 30
    interval: Timespan = Duration(5)


class Application(Model):
    """An application and its release.

    Attributes:
        name: the beginning of its Docker names, and what people call it.
        host: name of the host it runs on.
        image: what runs; a release is another one.
        release_sha: the commit that it holds.
        job_limit: how long a migration, a seed or any other job of a release may take.
        migrations: whether the old release may serve while and after the schema changes.
        backup: copies made before each release.
    """

    front: ClassVar[str] = "edge"
    """The setting of the proxy through which it is reached."""

    name: ServiceName
    host: HostName
    image: ImageRef
    release_sha: Commit | None = None
    job_limit: Timespan = Duration(900)
    migrations: Migrations = "offline"
    backup: Backup = Backup()

    @abstractmethod
    def domains(self) -> dict[str, str]:
        """Each setting that holds a domain → the domain, the keys below the application's own."""

    def zoned(self) -> dict[str, str]:
        """Each setting whose name has to lie in a zone of ours → the name."""
        return self.domains()

    def records(self) -> list[str]:
        """Every name that leads to it by a record of ours."""
        return list(self.domains().values())

    @property
    def schedule(self) -> str | None:
        """When copies are made by the clock, in UTC; None when they are not."""
        return self.backup.schedule if isinstance(self.backup, DailyBackup) else None

    def transactions(self) -> dict[str, Released]:
        """Each name under which something of it is released on its own → its release."""
        return {self.name: Released(release=self.release, image=self.image)}

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Each service that has settings of its own, by its key."""
        for key, value in self:
            if isinstance(value, Part):
                yield key, value

    @property
    def release(self) -> str:
        """The name of the release: the commit, or the first 12 digits of the image's digest."""
        return self.release_sha or digits(self.image)
