"""The applications of a stack under the names that people use, and where the file sets them."""

from dataclasses import dataclass

from ops.errors import OpsError
from ops.hosts import target_of
from settings import Estate, Host, Released
from steps.inputs import DockerTarget


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application that is released on its own.

    Attributes:
        name: of its journal, and the beginning of its resources' names.
        key: where the stack file sets its image, below `estate:`.
        aliases: other names for it.
        wanted: the release that the stack file names.
        has_commit: whether `release_sha` can be set.
        manager: the host that manages its Swarm.
        host: the host with its volumes.
    """

    name: str
    key: str
    aliases: tuple[str, ...]
    wanted: Released
    has_commit: bool
    manager: Host
    host: Host

    @property
    def docker(self) -> DockerTarget:
        """How its Swarm's manager is reached."""
        return target_of(self.manager)

    @property
    def disk(self) -> DockerTarget:
        """How the daemon beside its volumes is reached."""
        return target_of(self.host)


def applications(estate: Estate) -> list[Application]:
    """Return every application of a stack; pure."""
    return [
        _one(estate, one.host, name, key, wanted)
        for key, one in estate.applications().items()
        for name, wanted in one.transactions().items()
    ]


def named(estate: Estate, name: str | None) -> Application:
    """Return the application of a name; pure.

    Raises:
        OpsError: there is none, or none was named.
    """
    for one in applications(estate):
        if name in {one.name, *one.aliases}:
            return one
    what = f"there is no application {name}" if name else "no application was named"
    raise OpsError(what, todo=f"name one with APP=…: {known_names(estate)}")


def some(estate: Estate, name: str | None) -> list[Application]:
    """Return the application of a name, or all when none is named; pure."""
    return applications(estate) if name is None else [named(estate, name)]


def known_names(estate: Estate) -> str:
    """Return what a person may name; pure."""
    texts = [
        one.name if one.key == one.name else f"{one.name} ({one.key})"
        for one in applications(estate)
    ]
    return ", ".join(texts) or "the stack has none"


def _one(estate: Estate, host: str, name: str, above: str, wanted: Released) -> Application:
    key = f"{above}.{wanted.key}" if wanted.key else above
    return Application(
        name=name,
        key=key,
        aliases=(key, key.replace(".", "-")),
        wanted=wanted,
        has_commit="." not in key,
        manager=estate.hosts[estate.swarm(host)],
        host=estate.hosts[host],
    )
