"""Asks a Nginx Proxy Manager by a one-shot job beside it, all of one kind at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steps.docker_host import connect
from steps.errors import NpmError
from steps.generations import LABEL as GENERATIONS
from steps.inputs import Job, JobNetwork, SecretFile
from steps.job import JobRun
from steps.library_errors import translated
from steps.programs import python_program
from steps.scripts.answers import answer_in, packed
from steps.scripts.npm_main import FOLDER, FORMER, PASSWORD_FILE, QUESTION_FILE
from steps.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steps.context import Context
    from steps.npm.inputs import NpmTarget

MODULES = (
    "answers",
    "npm_http",
    "npm_api",
    "npm_hosts",
    "npm_certificates",
    "npm_lists",
    "npm_main",
)
READ_LIMIT_S = 180.0
READ_PATIENCE_S = 30.0
"""For a NPM that is just being started anew; whoever looks does not want to wait for one that is
down."""
CHANGE_PATIENCE_S = 120.0
UNTOUCHED = "Nothing was changed in NPM."

Bag = dict[str, Any]


def api_job(given: NpmTarget, former: Sequence[str]) -> Job:
    """Return the job that asks; pure but for reading our programs.

    Args:
        given: how NPM is reached.
        former: Swarm secrets with the administrator's passwords of before, newest first.
    """
    old = [
        SecretFile(name=name, target=f"{FOLDER}/{FORMER}{number}")
        for number, name in enumerate(former)
    ]
    return Job(
        **given.job.model_dump(),
        command=("python3", "-c", python_program(MODULES)),
        networks=(JobNetwork(name=given.network),),
        secrets=(SecretFile(name=given.password_secret, target=PASSWORD_FILE), *old),
    )


def former_passwords(found: Sequence[Mapping[str, Any]], given: NpmTarget) -> list[str]:
    """Return the names of the generations before the present one, newest first; pure.

    Args:
        found: secrets as the Docker API lists them.
        given: how NPM is reached.
    """
    families = {
        str(one["Spec"]["Name"]): (one["Spec"].get("Labels") or {}).get(GENERATIONS)
        for one in found
    }
    family = families.get(given.password_secret)
    newest_first = sorted(found, key=lambda one: str(one["CreatedAt"]), reverse=True)
    names = [str(one["Spec"]["Name"]) for one in newest_first]
    return [
        name
        for name in names
        if family and families[name] == family and name != given.password_secret
    ]


def ask(given: NpmTarget, question: Mapping[str, Any], context: Context, *, limit_s: float) -> Bag:
    """Ask one question and return the answer.

    Args:
        given: how NPM is reached.
        question: `kind`, `action` and what these need (steps/scripts/npm_main.py).
        context: of the step.
        limit_s: seconds that it may take.

    Raises:
        NpmError: there was no answer, or NPM did not let the job in.
    """
    asked = {**question, "url": given.url, "identity": given.identity}
    what = f"{question['action']} {question['kind']} of {given.service}"
    with connect(given.docker, context) as client:
        with translated(f"{what} failed.", state=UNTOUCHED):
            former = former_passwords(list(client.api.secrets()), given)
        job = api_job(given, former)
        run = JobRun(Swarm(client), job, context, timeout_s=limit_s, what=what)
        log = run.run({QUESTION_FILE: packed(asked)}).log
    answer = answer_in(log)
    if answer is None or "failed" in answer:
        raise NpmError(
            f"{what} failed.",
            why=str(answer["failed"]) if answer else f"end of the job's log:\n{log[-2000:]}",
            state="It is not known what NPM holds." if question["action"] == "read" else UNTOUCHED,
            todo=f"Look at: docker service logs {given.service}; then run it again.",
        )
    return answer


def exists(given: NpmTarget, context: Context) -> bool:
    """Tell whether the Swarm has the service at all; a NPM that only is down still exists.

    Raises:
        StepError: the Swarm could not be asked.
    """
    failed = f"{given.service} could not be looked at."
    with connect(given.docker, context) as client, translated(failed, state=UNTOUCHED):
        return Swarm(client).service(given.service) is not None


def read(given: NpmTarget, question: Mapping[str, Any], context: Context) -> Bag | None:
    """Return what NPM holds of the entries in `wanted`; None when there is no such NPM.

    Raises:
        StepError: it could not be looked at.
    """
    if not exists(given, context):
        return None
    asked = {**question, "action": "read", "patience_s": READ_PATIENCE_S}
    return ask(given, asked, context, limit_s=READ_LIMIT_S)


def apply(
    given: NpmTarget, question: Mapping[str, Any], context: Context, *, limit_s: float
) -> Bag:
    """Bring NPM to what is in `wanted`, and return what it holds then.

    Raises:
        NpmError: some of it was refused; the rest is as wanted.
    """
    asked = {**question, "action": "apply", "patience_s": CHANGE_PATIENCE_S}
    answer = ask(given, asked, context, limit_s=limit_s)
    if answer["errors"]:
        names, kind = sorted(answer["errors"]), question["kind"]
        raise NpmError(
            f"{given.service}: {len(names)} of {len(question['wanted'])} {kind} were refused.",
            why="\n".join(f"{name}: {answer['errors'][name]}" for name in names),
            state="All others are as declared; what was refused serves as before if it did before.",
            todo="Correct what is named in the stack file, then run the update again.",
        )
    return answer
