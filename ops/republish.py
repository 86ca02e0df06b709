"""Brings code and variables that live in a database of Convex back to this release's.

A restored database holds those of the day it was copied. Every other application keeps them
outside its data.
"""

from pydantic import TypeAdapter

from ops.engine import Engine
from ops.plans import StepRun, read, state_of, step_runs
from steps import convex_deploy, convex_env
from steps.context import Context
from steps.inputs import ConvexTarget
from steps.redact import Redactor, texts_in
from steps.release.plan import Functions


def republish(engine: Engine, app: str) -> None:
    """Set the variables and publish the functions that the restored database should hold."""
    state = state_of(engine)
    plans = read(state)
    service = plans[app].plan.service
    for run in step_runs(state):
        if run.step == "convex-env" and _target(run).service == service:
            convex_env.run(_target(run), _context(run))
    for of in plans.values():
        for phase in of.plan.phases:
            if isinstance(phase, Functions) and phase.service == service:
                convex_deploy.run(phase, of.context())


def _target(run: StepRun) -> ConvexTarget:
    return TypeAdapter(ConvexTarget).validate_json(run.given)


def _context(run: StepRun) -> Context:
    return Context(secrets=run.secrets, redactor=Redactor(texts_in(dict(run.secrets))))
