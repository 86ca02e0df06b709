"""Asks a bench by a one-shot job beside its sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.errors import BenchError
from steps.inputs import Job, JobMount, JobNetwork, SecretFile
from steps.job import JobRun
from steps.programs import python_program
from steps.scripts.answers import answer_in, packed
from steps.scripts.bench_main import COPIES, QUESTION_FILE
from steps.scripts.bench_tool import ROOT_PASSWORD_FILE
from steps.scripts.bundle import SITES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.erp.inputs import BenchJob
    from steps.swarm import Swarm

MODULES = SITES
MEMORY = 1024 * 1024 * 1024
"""Bytes; a migration of a site takes some 500 MB in Frappe (a guess), and several run at once."""


def bench_job(
    given: BenchJob, root_password_secret: str, *, copies: str | None = None, question: str = ""
) -> Job:
    """Return the job; pure but for reading our programs.

    Args:
        given: where it runs.
        root_password_secret: name of the Swarm secret.
        copies: volume of the copies, for what takes or restores one.
        question: packed; without one it comes in a secret file. A job whose question stands here
            is joined by a run that asks the same, and not begun a second time.
    """
    common = given.model_dump(exclude={"mounts", "network"})
    kept = () if copies is None else (_copies(copies),)
    return Job(
        **{**common, "memory_limit": max(common["memory_limit"], MEMORY)},
        user=None if copies is None else "root",
        command=("python3", "-c", python_program(MODULES), *([question] if question else [])),
        mounts=(*given.mounts, *kept),
        networks=(JobNetwork(name=given.network),),
        secrets=(SecretFile(name=root_password_secret, target=ROOT_PASSWORD_FILE),),
    )


def _copies(volume: str) -> JobMount:
    return JobMount(type="volume", source=volume, target=str(COPIES.parent))


def ask(
    swarm: Swarm,
    job: Job,
    context: Context,
    *,
    what: str,
    limit_s: float,
    question: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run a job and return its answer.

    Args:
        swarm: the manager.
        job: the job.
        context: of the step.
        what: in messages.
        limit_s: seconds that it may take.
        question: for its secret file, when it has none of its own.

    Raises:
        BenchError: there was no answer, or it could not do its work.
        StepError: Docker refused something.
    """
    files = {} if question is None else {QUESTION_FILE: packed(question)}
    log = JobRun(swarm, job, context, timeout_s=limit_s, what=what).run(files).log
    answer = answer_in(log)
    if answer is None or "failed" in answer:
        raise BenchError(
            f"{what} failed.",
            why=str(answer["failed"]) if answer else f"end of the job's log:\n{log[-2000:]}",
            state="What it had done by then stays; it can be run again.",
            todo="See to the cause that is named (database, disk, password); then run it again.",
        )
    return answer
