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
    "bucket": "Make the bucket, or correct estate:offsite.bucket: it is never made by itself.",
    "bucket full": "Give the bucket more room, or lower estate:offsite.keep; then run it again.",
    "credentials": "Correct estate:offsiteSecrets: the store knows no such key, or it may not read "
    "and write in this bucket.",
    "unreachable store": "Compare estate:offsite.endpoint, and the host's way out; then run it "
    "again.",
    "repository": "New machine: load what is there first (make backups LOAD=s3). Else compare "
    "estate:offsite.path: each stack needs its own. To go on in it anyway: make offsite FORCE=1.",
    "unknown snapshot": "See which there are (make offsite LIST=1), and name one: FROM=…",
    "mixed": "Add FORCE=1 to set what is there aside, in a folder of the volume.",
    "nothing yet": "Release the application, or wait for its first copy by the clock.",
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

OFFSITE = Doing(
    noun="off-site copy",
    failed="The backups in {} have no new copy off this machine.",
    state="Nothing was removed; what was there before is there still.",
    unsure="What was there before is there still; a new snapshot may be there too, unproven.",
)
LOAD = Doing(
    noun="load",
    failed="The backups were not loaded into {}.",
    state="What was in the volume is there still.",
    unsure="What was in the volume is there still; running it again finishes it.",
)
PROOF = Doing(
    noun="drill",
    failed="{} did not come back from its newest copy.",
    state="The live data were not touched.",
    unsure="The live data were not touched.",
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
