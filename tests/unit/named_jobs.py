"""Jobs that run in name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.job import Outcome
from steps.release import phases as release_phases
from steps.release.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from steps.inputs import Job


def plan_of(*phases: Mapping[str, object], mode: str = "online") -> Plan:
    """A release of the CRM as far as some phases of it."""
    return Plan.model_validate(
        {
            "docker": {"url": "unix:///var/run/docker.sock"},
            "app": "crm",
            "release": "r1",
            "image": "app@sha256:new",
            "mode": mode,
            "service": "crm-backend",
            "writers": [],
            "verify": {
                "questions": [{"url": "http://api.localhost"}],
                "attempts": 1,
                "interval_s": 0,
            },
            "phases": list(phases),
        },
        strict=False,
    )


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
        monkeypatch.setattr(release_phases, "JobRun", self._begin)

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
