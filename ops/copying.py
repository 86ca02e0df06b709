"""What the copies by the clock are made from: settings, and the programs of steps/ as texts."""

from components.apps.copy_services import SITES_PROGRAM, Copying, Programs
from settings import Estate, Tools
from steps.scripts.bundle import (
    answering_program,
    service_program,
    sites_answering,
    sites_program,
)


def copying(estate: Estate, tools: Tools) -> Copying:
    """Return what the copies by the clock of every application share."""
    return Copying(
        programs=Programs(
            clock=service_program(),
            answering={
                "postgres": answering_program("postgres_backup"),
                "site": sites_answering(SITES_PROGRAM),
            },
            sites=sites_program(),
        ),
        tools=tools,
        backup_secrets=estate.backup_secrets,
        offsite=estate.offsite,
        offsite_secrets=estate.offsite_secrets,
    )
