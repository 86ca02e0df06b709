"""The services that copy an application's data by the clock, and bring the copies off the machine.

One on the tools image, which has the schedule; and one beside it for each source that only another
image can copy, which waits for its requests. Neither is reached from outside or has the Docker API.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from components.apps.copy_services import (
    ANSWERING,
    FOLDERS_PASSWORD,
    OFFSITE,
    PASSWORDS,
    PROGRAM,
    SITE,
    SITES_PROGRAM,
    Copying,
    answering,
    answering_text,
    clock,
)
from components.apps.parts import Parts
from components.apps.surroundings import Ground
from components.release import Phase
from components.swarm.secret import SecretFile
from settings import Application


def declare(
    parts: Parts,
    at: Ground[Application],
    backups: Sequence[Phase],
    copying: Copying,
    *,
    held: Sequence[SecretFile] = (),
) -> None:
    """Declare the services of one application; none when it has no schedule or no backups.

    Args:
        parts: declares its parts.
        at: what its services share.
        backups: the phases of its releases that copy its data, all into one volume.
        copying: what is shared.
        held: the secrets that its sources name.
    """
    if backups:
        declare_plan(parts, at, plan_of(backups), copying, held=held)


def declare_plan(
    parts: Parts,
    at: Ground[Application],
    plan: Mapping[str, Any],
    copying: Copying,
    *,
    held: Sequence[SecretFile],
) -> None:
    """Declare the services that copy what a plan names; none without a schedule.

    Args:
        parts: declares the parts of the application.
        at: what its services share.
        plan: `volume`, `keep` and `sources`.
        copying: what is shared.
        held: the secrets that the sources name.
    """
    schedule = at.settings.schedule
    if schedule is None:
        return
    programs = copying.programs.answering
    files = _files(parts, at.settings.name, copying)
    parts.service(clock(at, plan, schedule, files, copying), parts.ready)
    by_name = {one.name: one for one in held}
    for source in plan["sources"]:
        if source["kind"] in programs:
            family = f"{at.settings.name}_copies_{source['name']}"
            text = answering_text(source, programs, keep=plan["keep"])
            given = [parts.file(family, text, ANSWERING)]
            if source["kind"] == SITE:
                family = f"{at.settings.name}_copies_program_{source['name']}"
                given.append(parts.file(family, copying.programs.sites, SITES_PROGRAM))
            target = PASSWORDS[source["kind"]]
            given.append(replace(by_name[source["password_secret"]], target=target))
            service = answering(at, plan, source, given)
            parts.service(service, parts.ready)


def plan_of(backups: Sequence[Phase]) -> dict[str, Any]:
    """Return volume, number of copies and all sources of an application's backups; pure."""
    plans: list[Any] = [phase.given["plan"] for phase in backups]
    return {
        "volume": plans[0]["volume"],
        "keep": plans[0]["keep"],
        "sources": [source for plan in plans for source in plan["sources"]],
    }


def _files(parts: Parts, name: str, copying: Copying) -> list[SecretFile]:
    """Declare what the service with the schedule is given in files."""
    files = [parts.file(f"{name}_copies_program", copying.programs.clock, PROGRAM)]
    if copying.backup_secrets is not None:
        password = copying.backup_secrets.RESTIC_PASSWORD.get_secret_value()
        files.append(parts.file(f"{name}_copies_password", password, FOLDERS_PASSWORD))
    if copying.offsite is not None and copying.offsite_secrets is not None:
        opened = json.dumps(copying.offsite_secrets.opened(), sort_keys=True)
        files.append(parts.file(f"{name}_copies_offsite", opened, OFFSITE))
    return files
