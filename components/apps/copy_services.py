"""The services that copy an application's data by the clock as specifications. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

from components.apps.surroundings import Ground
from components.swarm.order import Mount
from components.swarm.secret import SecretFile
from components.swarm.service import Healthcheck, ServiceSpec
from settings import Application, BackupSecrets, Offsite, OffsiteSecrets, Tools

_MIB = 2**20
_ROOT = "/backups"
PROGRAM = "/run/secrets/copies_program"
ANSWERING = "/run/secrets/copies_answering"
FOLDERS_PASSWORD = "/run/secrets/backup_password"  # noqa: S105 - a path
OFFSITE = "/run/secrets/offsite"
SITES_PROGRAM = "/run/secrets/sites_program"
SITE = "site"
PASSWORDS = {
    "postgres": "/run/secrets/database_password",
    SITE: "/run/secrets/mariadb_root_password",
}
_SITES_MEMORY = 2**30
"""Bytes, as for the jobs beside the sites."""
BEATS = "test $(($(date +%s) - $(stat -c %Y /tmp/beat))) -lt 180"
"""Both programs touch a file every few seconds, however long a copy takes."""
_RELEASE = "scheduled"
"""Stands in the place of the release in copies that the clock has asked for."""
_LIMIT_S = 3600
"""How long a service on another image may take to copy one source, or one site (a guess)."""
_SITES_LIMIT_S = 6 * 3600
"""How long it may take for all sites of a bench (a guess)."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs of these services as texts.

    Attributes:
        clock: of the service with the schedule.
        answering: kind of source → the one that copies it, without what it is given.
        sites: what the one for the sites of a bench runs.
    """

    clock: str
    answering: Mapping[str, str]
    sites: str


@dataclass(frozen=True, kw_only=True)
class Copying:
    """What the copies by the clock of every application share.

    Attributes:
        programs: what the services run.
        tools: image with Python and restic.
        backup_secrets: of the copies of plain folders.
        offsite: where copies go off the machine.
        offsite_secrets: of that.
    """

    programs: Programs
    tools: Tools
    backup_secrets: BackupSecrets | None
    offsite: Offsite | None
    offsite_secrets: OffsiteSecrets | None


def clock(
    at: Ground[Application],
    plan: Mapping[str, Any],
    schedule: str,
    files: Sequence[SecretFile],
    copying: Copying,
) -> ServiceSpec:
    """Return the service with the schedule.

    SQLite sources are mounted for writing, because SQLite makes its shared-memory file beside a
    database in WAL mode even to read it.
    """
    offsite, asked = copying.offsite, copying.programs.answering
    has_sites = any(source["kind"] == SITE for source in plan["sources"])
    limit_s = _SITES_LIMIT_S if has_sites else _LIMIT_S
    told = {
        "schedule": schedule,
        "root": _ROOT,
        "keep": plan["keep"],
        "limit_s": limit_s,
        "sources": [_told(source) for source in plan["sources"]],
        "asked": [one["name"] for one in plan["sources"] if one["kind"] in asked],
        "offsite": None if offsite is None else store(offsite, at.settings.name),
    }
    mounts = [
        Mount(
            kind="volume",
            source=source["volume"],
            target=f"/sources/{source['name']}",
            read_only=source["kind"] == "folder",
        )
        for source in plan["sources"]
        if source["kind"] not in asked
    ]
    command = ["python3", PROGRAM, json.dumps(told, sort_keys=True)]
    name, image = f"{at.settings.name}_copies", copying.tools.image
    return _service(at, name, image, command, mounts=[*mounts, _backups(plan)], secrets=files)


def answering(
    at: Ground[Application],
    plan: Mapping[str, Any],
    source: Mapping[str, Any],
    files: Sequence[SecretFile],
) -> ServiceSpec:
    """Return the service that copies one source on that source's own image when it is asked."""
    name, command = f"{at.settings.name}_copies_{source['name']}", ["bash", ANSWERING]
    mounts = [*source.get("mounts", ()), _backups(plan)]
    spec = _service(at, name, source["image"], command, mounts=mounts, secrets=files)
    if source["kind"] != SITE:
        return spec
    # It goes on as the owner of the sites, once the folder of the copies is theirs too.
    return replace(spec, user="root", memory_limit=_SITES_MEMORY)


def answering_text(source: Mapping[str, Any], programs: Mapping[str, str], *, keep: int) -> str:
    """Return the file of such a service: what the program is given, and the program; pure.

    In a file, because a service may have one plain variable at most (components/release.py).
    """
    given = {"SOURCE": source["name"], "RELEASE": _RELEASE}
    if source["kind"] == SITE:
        given |= {"KEEP": str(keep), "LIMIT_S": str(_LIMIT_S)}
    else:
        given |= {
            "PGHOST": source["host"],
            "PGPORT": str(source["port"]),
            "PGUSER": source["user"],
            "PGDATABASE": source["database"],
        }
    exports = "".join(f"export {key}={quote(value)}\n" for key, value in given.items())
    return exports + programs[source["kind"]]


def store(offsite: Offsite, application: str) -> dict[str, object]:
    """Return where an application's copies lie off the machine, as steps/backups wants it."""
    keep = offsite.keep
    return {
        "repository": offsite.repository(application),
        "region": offsite.region,
        "keep": {"daily": keep.daily, "weekly": keep.weekly, "monthly": keep.monthly},
        "subset": "5%",
    }


def _told(source: Mapping[str, Any]) -> dict[str, object]:
    """Return what the program inside the service is told about one source."""
    place = f"/sources/{source['name']}"
    if source["kind"] == "sqlite":
        place += f"/{source['path']}"
    return {"kind": source["kind"], "name": source["name"], "place": place, "file": None}


def _backups(plan: Mapping[str, Any]) -> Mount:
    return Mount(kind="volume", source=plan["volume"], target=_ROOT)


def _service(
    at: Ground[Application],
    name: str,
    image: str,
    command: Sequence[str],
    *,
    mounts: Sequence[Mount],
    secrets: Sequence[SecretFile],
) -> ServiceSpec:
    return ServiceSpec(
        name=name,
        image=image,
        entrypoint=command[:1],
        args=command[1:],
        healthcheck=Healthcheck(
            test=["CMD", "sh", "-c", BEATS], interval_s=10, timeout_s=5, retries=5
        ),
        memory_limit=512 * _MIB,
        memory_reservation=16 * _MIB,
        networks=[at.private],
        mounts=mounts,
        secrets=secrets,
        labels=at.labels,
        constraints=at.pinned,
    )
