"""Why there is no proven copy, or why it is not back."""

from __future__ import annotations

from dataclasses import dataclass

from steps.errors import BackupError

ADVICE = {
    "disk full": "Free space on the host, or lower the number of copies that are kept; then run "
    "it again.",
    "damaged": "Restore an older proven copy, or repair the data, before any release.",
    "differs": "Nobody may trust this copy: look for a failing disk or memory, then run it again.",
    "missing": "Check the names of volume and database; restore the newest copy, or move its "
    "folder out of the backups volume to start empty on purpose.",
    "busy": "Find what holds it (a long transaction, another run), then run it again.",
    "password": "Compare the password in the stack file with the one that was set first: neither "
    "Postgres nor restic takes a new one by itself.",
    "no password": "Give the password of the backups: estate:backupSecrets in the stack file.",
    "unreachable": "See why the database does not answer: docker service ps, docker service logs.",
    "version": "The image of the backup has to be the database server's own: update both together.",
    "unknown copy": "List the copies that there are (make backups), and choose one of them.",
    "timeout": "Find out what it waits for, or raise its time limit; then run it again.",
}
_ELSE = "Correct the cause, then run it again."


class RefusedError(BackupError):
    """There is no proven copy, or it is not back.

    Attributes:
        code: a word for programs; those in `ADVICE`, or another.
        source: which source it is about.
    """

    code: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What was being done, for messages.

    Attributes:
        noun: in progress lines.
        failed: what did not happen, with the source for `{}`.
        state: what holds after a failure.
        unsure: what holds when the job could not say.
    """

    noun: str
    failed: str
    state: str
    unsure: str


BACKUP = Doing(
    noun="backup",
    failed="There is no proven backup of {}.",
    state="Nothing was migrated, switched or stopped; older copies are untouched.",
    unsure="Nothing was migrated, switched or stopped; older copies are untouched.",
)
RESTORE = Doing(
    noun="restore",
    failed="{} was not restored.",
    state="It is as it was: nothing is swapped before the copy has been proven again.",
    unsure="It is whole, as it was or restored; running the restore again finishes it.",
)
CATALOG = Doing(
    noun="list of backups",
    failed="The backups in {} cannot be listed.",
    state="Nothing was changed.",
    unsure="Nothing was changed.",
)

_UNSURE = frozenset({"timeout", "died", "no report", "failed"})


def refused(doing: Doing, source: str, *, code: str, why: str) -> RefusedError:
    """Return the error about one source."""
    error = RefusedError(
        doing.failed.format(source),
        why=why,
        state=doing.unsure if code in _UNSURE else doing.state,
        todo=ADVICE.get(code, _ELSE),
    )
    error.code = code
    error.source = source
    return error
