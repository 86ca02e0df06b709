"""What the steps are given in STEP_INPUT, as types; an unknown or missing key is an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/[^\x00]*$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
Seconds = Annotated[float, Field(gt=0)]
Duration = Annotated[float, Field(ge=0)]

MEBIBYTE = 1024 * 1024


class Input(BaseModel):
    """Frozen, strict, and silent about values in its error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class DockerTarget(Input):
    """A Docker daemon: `unix:///path` or `ssh://user@address:port`."""

    url: Annotated[str, Field(pattern=r"^(unix:///.+|ssh://[^@/\s]+@[^/\s]+)$")]
    ssh_options: tuple[str, ...] = ()


class Login(Input):
    """Who pulls from a registry."""

    username: str
    password: SecretStr


class Reached(Input):
    """What a resource of the provider is given besides its entries: how they are reached.

    `registries` is registry → who pulls from it.
    """

    docker: DockerTarget
    registries: dict[str, Login] = {}


class JobMount(Input):
    """A volume or a folder of the host inside the job."""

    type: Literal["volume", "bind"]
    source: str
    target: AbsolutePath
    read_only: bool = False
    labels: dict[str, str] = Field(default_factory=dict)


class JobNetwork(Input):
    """An attachable or Swarm-scoped network of the job."""

    name: str
    aliases: tuple[str, ...] = ()


class SecretFile(Input):
    """A secret as a file; in `Job.secrets` a Swarm secret, in `secret_files` one from stdin."""

    name: str
    target: AbsolutePath


class PlainJob(Input):
    """What every one-shot job has."""

    name: Name
    image: Annotated[str, Field(min_length=1)]
    constraints: tuple[str, ...] = ()
    memory_limit: Annotated[int, Field(ge=6 * MEBIBYTE)] = 512 * MEBIBYTE
    labels: dict[str, str] = {}


class Job(PlainJob):
    """A one-shot job on the Swarm; `command` is the whole argv, the image's entrypoint is unused.

    `memory_limit` is in bytes; without `user` the image says who runs it.
    """

    user: str | None = None
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    env: dict[str, str] = {}
    mounts: tuple[JobMount, ...] = ()
    networks: tuple[JobNetwork, ...] = ()
    secrets: tuple[SecretFile, ...] = ()


class JobInput(Input):
    """A one-shot job and where it runs; `secret_files` come on standard input."""

    docker: DockerTarget
    job: Job
    timeout_s: Seconds
    what: str
    secret_files: tuple[SecretFile, ...] = ()


class ClearJobsInput(Input):
    """Input of step `clear-jobs`: the jobs with all these labels."""

    docker: DockerTarget
    labels: Annotated[dict[str, str], Field(min_length=1)]


class ConvexTarget(Reached):
    """A running Convex backend: its Swarm service and its address from here."""

    docker: DockerTarget
    service: str
    instance_name: str
    url: Url
    ca_certificate: str | None = None


class ConvexEnvironment(ConvexTarget):
    """The variables of ours in a Convex deployment, which its functions read.

    `absent` are those that are to have no value; with another `version` all are set anew.
    """

    variables: dict[str, SecretStr]
    absent: tuple[str, ...] = ()
    version: str


class ConvexDeployInput(ConvexTarget):
    """How Convex functions are published; `job.command` is the deploy command without the key.

    `manager` manages the Swarm; None when the daemon beside the backend does so itself.
    """

    job: Job
    manager: DockerTarget | None = None
    timeout_s: Seconds
    what: str = "convex deploy"


class SmokeInput(Input):
    """The device check of the tickets system; `attempts` holds for all questions together."""

    url: Url
    convex_url: Url
    register_path: AbsolutePath
    heartbeat_path: AbsolutePath
    attempts: Annotated[int, Field(ge=1)]
    interval_s: Duration
    tenant_id: str
    ca_certificate: str | None = None
