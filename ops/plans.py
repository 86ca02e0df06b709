"""The transactions that a stack has deployed, as its state remembers them, and their journals."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ops.applications import known_names, named
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.state_values import opened
from steps.context import Context
from steps.docker_host import connect
from steps.library_errors import translated
from steps.redact import Redactor, texts_in
from steps.release.ground import Ground
from steps.release.plan import Backup, Commit, Plan
from steps.release.store import Store
from steps.swarm import Swarm

_COMMAND = "command:local:Command"
_RUNS = "-m steps "


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A transaction that went through to its end.

    Attributes:
        plan: all its phases.
        secrets: what they need in secret; never shown.
        words: what a person should know of its switch.
    """

    plan: Plan
    secrets: Mapping[str, object]
    words: str = ""

    @property
    def backup(self) -> Backup:
        """The phase that copies the data.

        Raises:
            OpsError: the application makes no backups.
        """
        for phase in self.plan.phases:
            if isinstance(phase, Backup):
                return phase
        raise OpsError(
            f"{self.plan.app} makes no backups, so there is no older data",
            todo="turn them on in the stack file (backup.enabled) and bring the stack up",
        )

    def context(self) -> Context:
        """Return a context that hides every secret of the transaction."""
        return Context(secrets=self.secrets, redactor=Redactor(texts_in(dict(self.secrets))))


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """One step that a stack has run.

    Attributes:
        step: its name in steps/.
        given: its input, as JSON.
        secrets: what it got on standard input.
        words: what a person should know of it.
    """

    step: str
    given: str
    secrets: Mapping[str, object]
    words: str


def step_runs(state: Mapping[str, Any]) -> Iterator[StepRun]:
    """Yield every step in a state with its secrets shown; pure."""
    for resource in (state.get("deployment") or {}).get("resources") or ():
        given = resource.get("inputs") or {}
        _, runs, step = str(given.get("create")).partition(_RUNS)
        if resource["type"] != _COMMAND or not runs or resource.get("delete"):
            continue
        environment = opened(given["environment"])
        yield StepRun(
            step=step.strip(),
            given=environment["STEP_INPUT"],
            secrets=json.loads(opened(given.get("stdin")) or "{}"),
            words=str(environment.get("IN_WORDS", "")),
        )


def native(state: Mapping[str, Any], token: str) -> Iterator[dict[str, Any]]:
    """Yield the inputs of every resource of a type in a state with its secrets shown; pure."""
    for resource in (state.get("deployment") or {}).get("resources") or ():
        if resource["type"] == token:
            yield opened(resource.get("inputs") or {})


def read(state: Mapping[str, Any]) -> dict[str, Deployed]:
    """Return the transactions in a state with its secrets shown; pure.

    Raises:
        OpsError: another version of this program wrote them.
    """
    found: dict[str, Deployed] = {}
    words: dict[str, str] = {}
    for run in step_runs(state):
        if run.step != "release":
            continue
        try:
            plan = Plan.model_validate_json(run.given)
        except ValidationError:
            raise OpsError(
                "the stack was brought up by another version of this program",
                todo="bring it up with this one first (make up), or use that version",
            ) from None
        last = plan.phases[-1]
        if last.kind == "switch":
            words[plan.app] = run.words
        if isinstance(last, Commit):
            found[plan.app] = Deployed(plan=plan, secrets=run.secrets)
    return {
        app: Deployed(plan=one.plan, secrets=one.secrets, words=words.get(app, ""))
        for app, one in found.items()
    }


def deployed(engine: Engine) -> dict[str, Deployed]:
    """Return application → its transaction."""
    return read(state_of(engine))


def state_of(engine: Engine) -> dict[str, Any]:
    """Return the state with its secrets shown, through a pipe and nowhere else."""
    found: dict[str, Any] = json.loads(engine.ask("stack", "export", "--show-secrets"))
    return found


def chosen(engine: Engine, app: str | None) -> Deployed:
    """Return the transaction of the application that a person named.

    Raises:
        OpsError: there is none of that name, or nothing of it was released yet.
    """
    estate = estate_of(engine)
    application = named(estate, app)
    found = deployed(engine).get(application.name)
    if found is None:
        raise OpsError(
            f"{application.name} has no release that went through on stack {engine.stack}",
            todo=f"bring it up first: make up STACK={engine.stack}; known: {known_names(estate)}",
        )
    return found


@contextmanager
def ground(of: Deployed) -> Iterator[Ground]:
    """Give the Swarm and the journal of a transaction."""
    context = of.context()
    with connect(of.plan.docker, context) as client:
        swarm = Swarm(client)
        with translated(f"{of.plan.app}: Docker stopped it.", state="See make releases."):
            store = Store(swarm, of.plan.app)
            yield Ground(plan=of.plan, swarm=swarm, store=store, context=context)
