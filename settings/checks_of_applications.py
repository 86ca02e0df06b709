"""Rules about the applications: what they stand on, and how they keep out of each other's way."""

from collections.abc import Iterator

from .application import Part
from .estate import Estate
from .host_names import Mistake, is_known_host, share_swarm, unknown_host


def check_applications(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """Each application has all that it stands on."""
    for key, application in estate.applications().items():
        if not is_known_host(estate, application.host):
            yield f"{key}.host", unknown_host(estate)
        name, front = application.front, getattr(estate, application.front)
        if front is None:
            yield name, f"is missing: estate:{key} is reached through it"
        elif front and not share_swarm(estate, front.host, application.host):
            yield f"{key}.host", f"needs a host in the Swarm of estate:{name}.host"
        if estate.tools is None:
            yield "tools.image", f"is missing: the jobs of estate:{key} run on it"
        for part_key, part in application.parts():
            yield from check_memory(f"{key}.{part_key}", part)


def check_memory(key: str, part: Part) -> Iterator[Mistake]:
    """What a service has reserved is at most what it may use."""
    given = part.memory_limit and part.memory_reservation
    if given and part.memory_reservation > part.memory_limit:
        yield f"{key}.memory_reservation", "needs at most the memory_limit beside it"


def check_tickets(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The release of tickets has a name."""
    tickets = estate.tickets
    if tickets and tickets.source and tickets.release_sha is None:
        yield "tickets.release_sha", "is missing: with a source the image does not tell the release"


def check_crm(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The CRM can go back, and what it mounts does not cover itself."""
    if not estate.crm:
        return
    if estate.crm.migrations == "offline" and estate.crm.backup.enabled is False:
        yield "crm.backup.enabled", "must be true while estate:crm.migrations is offline"
    seen: dict[str, str] = {}
    for field in ("env_file", "uploads", "logs"):
        path = getattr(estate.crm.paths, field)
        if path and path in seen:
            yield f"crm.paths.{field}", f"needs another path than estate:crm.paths.{seen[path]}"
        seen.setdefault(path, field)


def check_names(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """No two parts of a stack make a Docker object of one name."""
    owners: dict[str, str] = {}
    for key, application in estate.applications().items():
        if application.name and application.name in owners:
            owner = owners[application.name]
            yield f"{key}.name", f"is estate:{owner}.name too; each needs its own"
        owners.setdefault(application.name, key)
    crm = estate.crm
    if not crm:
        return
    if crm.postgres.name and crm.postgres.name == crm.backend.name:
        yield "crm.postgres.name", "is estate:crm.backend.name too; each needs its own"
    for part in ("backend", "postgres"):
        service = getattr(crm, part).name
        for key in ("edge", "tickets", "npm", "erp"):
            owner = getattr(estate, key)
            # The services of the others are called by the owner's name, or that and an underscore.
            if owner and service and owner.name and f"{service}_".startswith(f"{owner.name}_"):
                yield f"crm.{part}.name", f"needs another beginning than estate:{key}.name"


def check_seed(estate: Estate, stack: str) -> Iterator[Mistake]:
    """Production is safe from its own seed."""
    if not estate.tickets or stack != "prod":
        return
    if estate.tickets.seed.ensure_only is False:
        yield "tickets.seed.ensure_only", "must be true in stack prod: false resets live passwords"


def check_dashboard(estate: Estate, _stack: str) -> Iterator[Mistake]:
    """The database console is not open to the world."""
    if not estate.tickets or not estate.tickets.dashboard:
        return
    dashboard = estate.tickets.dashboard
    if dashboard.allow == () and dashboard.users == ():
        yield "tickets.dashboard.allow", "is missing: needs networks here, or users beside it"
    for index, network in enumerate(dashboard.allow):
        if network.endswith("/0"):
            yield (
                f"tickets.dashboard.allow[{index}]",
                "needs a smaller network: this one is the whole world",
            )
