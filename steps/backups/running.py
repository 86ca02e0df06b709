"""Runs a job of the backups, and reads from its log what it did or why it refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from steps.backups.failures import refused
from steps.backups.jobs import OFFSITE_FILE, OFFSITE_NAME, PASSWORD_FILE, PASSWORD_NAME
from steps.errors import JobError, JobTimeoutError
from steps.job import JobRun

if TYPE_CHECKING:
    from steps.backups.failures import Doing
    from steps.backups.inputs import BackupPlan
    from steps.context import Context
    from steps.inputs import Job
    from steps.swarm import Swarm

MARK = "ESTATE "


def reported(log: str) -> dict[str, Any] | None:
    """Return what the program said last, or None when it did not get there."""
    lines = [line for line in log.splitlines() if line.startswith(MARK)]
    if not lines:
        return None
    try:
        result = json.loads(lines[-1].removeprefix(MARK))
    except ValueError:
        return None
    return result if isinstance(result, dict) else None


class Running:
    """What all jobs of one backup or restore share."""

    def __init__(self, swarm: Swarm, plan: BackupPlan, context: Context, doing: Doing) -> None:
        """Keep it; nothing happens yet."""
        self._swarm = swarm
        self._plan = plan
        self._context = context
        self._doing = doing

    def run(
        self, job: Job, source: str, *, with_password: bool = False, offsite: bool = False
    ) -> dict[str, Any]:
        """Run one job to its end and return its report.

        Args:
            job: what to run.
            source: what it is about, for messages.
            with_password: whether it needs the password of the restic repository.
            offsite: whether it needs the secrets of the repository off this machine.

        Raises:
            RefusedError: it could not do it, or did not get far enough to say why.
        """
        what = f"{self._doing.noun} of {source}"
        run = JobRun(self._swarm, job, self._context, timeout_s=self._plan.timeout_s, what=what)
        try:
            files = self._password(source) if with_password else {}
            files |= self._offsite(source) if offsite else {}
            log = run.run(files).log
        except JobTimeoutError as error:
            raise self._refused(source, "timeout", error.why) from error
        except JobError as error:
            said = (reported(error.log) or {}).get("error")
            if said is None:
                raise self._refused(source, "died", f"{error.what}\n{error.why}") from error
            raise self._refused(said["source"] or source, said["code"], said["why"]) from error
        report = reported(log)
        if report is None:
            raise self._refused(source, "no report", f"end of its log:\n{log}")
        return report

    def _password(self, source: str) -> dict[str, str]:
        """Return the password as a file of this run.

        Raises:
            RefusedError: it was not given.
        """
        password = self._context.secrets.get(PASSWORD_NAME)
        if not isinstance(password, str) or not password:
            raise self._refused(source, "no password", f"the secret {PASSWORD_NAME} was not given")
        return {PASSWORD_FILE: password}

    def _offsite(self, source: str) -> dict[str, str]:
        """Return what opens the repository off this machine, as a file of this run.

        Raises:
            RefusedError: it was not given.
        """
        secrets = self._context.secrets.get(OFFSITE_NAME)
        if not isinstance(secrets, dict):
            raise self._refused(source, "credentials", f"the secret {OFFSITE_NAME} was not given")
        return {OFFSITE_FILE: json.dumps(secrets)}

    def _refused(self, source: str, code: str, why: str) -> Exception:
        return refused(self._doing, source, code=code, why=why)
