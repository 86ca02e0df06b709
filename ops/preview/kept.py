"""The backups that there are already, for a preview that may ask: of a local daemon alone."""

from collections.abc import Mapping

from ops.applications import Application, applications
from settings import Estate
from steps.errors import StepError


def kept_backups(estate: Estate) -> dict[str, Mapping[str, str]]:
    """Return application → source → file of its newest proven backup.

    A host behind ssh is not asked: a preview reaches none.
    """
    near = [one for one in applications(estate) if not one.manager.is_remote]
    return {one.name: files for one in near if (files := _newest(one))}


def _newest(application: Application) -> Mapping[str, str]:
    from ops.releases import journal_of  # noqa: PLC0415 - only where a host is asked

    try:
        journal = journal_of(application)
    except StepError:
        return {}  # the report then names the backup that is made first, as it does elsewhere
    return next((one.backups for one in reversed(journal.history) if one.backups), {})
