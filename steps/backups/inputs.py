"""What the backups are told, as types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from steps.inputs import Input, Name, PlainJob, Seconds

TAKEN = frozenset({"restic", "catalog.json", "offsite.json", "runs.json", "drills.json"})
"""Names in the volume of the backups that no source may have."""

Text = Annotated[str, Field(min_length=1)]


class SqliteSource(Input):
    """One SQLite file in a volume; `path` is relative to the volume's root."""

    kind: Literal["sqlite"]
    name: Name
    volume: Text
    path: Annotated[str, Field(pattern=r"^[^/\x00][^\x00]*$")]


class PostgresSource(Input):
    """A Postgres database; `image` is the server's own, `password_secret` a Swarm secret."""

    kind: Literal["postgres"]
    name: Name
    image: Text
    network: Text
    host: Text
    port: int = 5432
    user: Text
    database: Text
    password_secret: Text


class FolderSource(Input):
    """A plain volume."""

    kind: Literal["folder"]
    name: Name
    volume: Text


class SitesSource(Input):
    """The sites of a bench, each a copy of its own name; they are copied by jobs beside them."""

    kind: Literal["site"]
    name: Name


Source = Annotated[
    SqliteSource | PostgresSource | FolderSource | SitesSource, Field(discriminator="kind")
]


class BackupPlan(Input):
    """What is copied, whereto, and how many proven copies of each source stay.

    `job` runs on the tools image; Postgres sources add jobs on their own image. The time limit is
    that of each job.
    """

    job: PlainJob
    volume: Text
    keep: Annotated[int, Field(ge=1)]
    release: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    timeout_s: Seconds

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        """Refuse two sources of one name: they would share a folder.

        Raises:
            ValueError: A name is used twice, or is not free.
        """
        names = [one.name for one in sources]
        if len(set(names)) != len(names) or TAKEN & set(names):
            message = f"the sources need different names, none of them {', '.join(sorted(TAKEN))}"
            raise ValueError(message)
        return sources


class OffsiteStore(Input):
    """Where the copies of one application lie off this machine.

    `repository` is as restic takes it; `region` is asked of the store when it is None; `keep` is
    unit → number of snapshots that stay; `subset` what is read back of all data at each run.
    """

    repository: Annotated[str, Field(pattern=r"^s3:https?://[^\s@]+/[^\s]+$")]
    region: Text | None = None
    keep: dict[Literal["daily", "weekly", "monthly"], Annotated[int, Field(ge=1)]]
    subset: Text = "5%"
