"""What one release of one application consists of, as types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from steps.backups.inputs import BackupPlan
from steps.erp.inputs import BenchJob, SiteName
from steps.inputs import (
    ConvexDeployInput,
    DockerTarget,
    Duration,
    Input,
    Job,
    Name,
    Seconds,
    SecretFile,
    SmokeInput,
    Url,
)
from steps.release.service import ServiceInput


class Backup(Input):
    """Phase: a proven copy of everything that the release could spoil.

    `of` is the service that holds the data; before it is there for the first time, there is
    nothing to copy.
    """

    kind: Literal["backup"]
    name: Name
    plan: BackupPlan
    of: Name | None = None


class Work(Input):
    """Phase: a program that runs once on the new image.

    `resolve` is the command that clears the mark of a failed migration, whose name it gets in
    MIGRATION; it ends with 3 when a part of the migration may have stayed, with 4 when its image
    does not hold the migration. `tried_on` is the source of the backup on whose copy the program is
    tried before it touches the data: without TRIED in its environment it ends with 5 when there is
    something to try.
    """

    kind: Literal["job"]
    name: Name
    what: str
    job: Job
    timeout_s: Seconds
    secret_files: tuple[SecretFile, ...] = ()
    resolve: tuple[str, ...] | None = None
    tried_on: Name | None = None


class Functions(ConvexDeployInput):
    """Phase: Convex functions; undoing it means publishing the old image's again."""

    kind: Literal["functions"]
    name: Name


class Question(Input):
    """What a user would ask through the edge, and what has to be the answer.

    `body` has to be part of the answer; `release_key` names the JSON key that shows the release.
    """

    url: Url
    status: int = 200
    body: str | None = None
    release_key: str | None = None


class Verify(Input):
    """Questions from outside; `attempts` holds for all of them together.

    `smoke` is the device check of the tickets system; its secret comes on standard input.
    """

    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    smoke: SmokeInput | None = None
    attempts: Annotated[int, Field(ge=1)]
    interval_s: Duration
    ca_certificate: str | None = None


class Switch(Input):
    """Phase: the service goes to the new release, and is asked from outside before it counts."""

    kind: Literal["switch"]
    name: Name
    service: ServiceInput


class Commit(Input):
    """Phase: asked once more, then written down."""

    kind: Literal["commit"]
    name: Name


class Wave(Input):
    """Phase: the new image serves, and site after site is migrated to it.

    The services are those that answer requests; the other writers stay stopped until the wave is
    over, so that no job of a site meets a schema that is not its own. Before the canary has been
    seen from outside the release can be undone as a whole; after it no site loses what its users
    have written since: one that fails is restored by itself.

    Attributes:
        bench: the job beside the sites, named as the way back expects it: application_phase.
        root_password_secret: name of the Swarm secret.
        copies: volume of the copies from before the migrations.
        keep: how many of each site stay.
        canary: the site that goes first; None takes none.
        batch: sites that are migrated at the same time.
        on_failure: what happens after the batch in which a site has failed.
        services: what is switched before the first site.
        url: what a site is asked on the private network once it is open; empty asks nothing.
        site_limit_s: seconds that one command of one site may take.
        timeout_s: seconds that all sites together may take.
    """

    kind: Literal["wave"]
    name: Name
    bench: BenchJob
    root_password_secret: Name
    copies: Name
    keep: Annotated[int, Field(ge=1)] = 3
    canary: SiteName | None = None
    batch: Annotated[int, Field(ge=1)]
    on_failure: Literal["continue", "stop"]
    services: tuple[ServiceInput, ...]
    url: str = ""
    site_limit_s: Seconds
    timeout_s: Seconds


Phase = Annotated[Backup | Work | Functions | Wave | Switch | Commit, Field(discriminator="kind")]


class Plan(Input):
    """A release as far as one step needs it: its last phase is the step's own.

    `mode` says what the way back is: `online`, the image alone, because the old release can live
    with the new schema; `offline`, image and data, because nothing writes meanwhile. `writers`
    are the services that are stopped for that, and in any mode while older data is put back.
    `verify` is asked of the new release and, after the way back, of the old one.
    """

    docker: DockerTarget
    app: Name
    release: str
    image: str
    mode: Literal["online", "offline"]
    service: Name
    writers: tuple[Name, ...]
    verify: Verify
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
