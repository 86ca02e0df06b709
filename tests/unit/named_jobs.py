"""Jobs that run in name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.job import Outcome
from steps.release import phases

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from steps.inputs import Job


class NamedJobs:
    """Stands in for the runs of a release's jobs: each ends as the next of the given ends says.

    Attributes:
        ends: None for one that does its work.
        ran: the jobs, in order.
        files: path → content that each was given.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ends: list[Exception | None] = []
        self.ran: list[Job] = []
        self.files: list[Mapping[str, str]] = []
        monkeypatch.setattr(phases, "JobRun", self._begin)

    @property
    def names(self) -> list[str]:
        return [job.name for job in self.ran]

    def run(self, files: Mapping[str, str] | None = None) -> Outcome:
        self.files.append(files or {})
        end = self.ends.pop(0)
        if end is not None:
            raise end
        return Outcome(log="", seconds=1.5)

    def _begin(self, _swarm: object, job: Job, _context: object, **_limits: object) -> NamedJobs:
        self.ran.append(job)
        return self
