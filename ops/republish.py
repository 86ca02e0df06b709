"""Brings code and variables that live in a database of Convex back to this release's.

A restored database holds those of the day it was copied. Every other application keeps them
outside its data.
"""

import json

from ops.engine import Engine
from ops.plans import native, read, state_of
from steps import convex_deploy, convex_env
from steps.context import Context
from steps.inputs import ConvexEnvironment
from steps.redact import Redactor
from steps.release.plan import Functions
from steps.secret_values import revealed, secrets_in

_VARIABLES = "estate:convex:Environment"


def republish(engine: Engine, app: str) -> None:
    """Set the variables and publish the functions that the restored database should hold."""
    state = state_of(engine)
    plans = read(state)
    service = plans[app].plan.service
    for inputs in native(state, _VARIABLES):
        given = _environment(inputs)
        if given.service == service:
            wanted = {**dict.fromkeys(given.absent), **revealed(given.variables)}
            hidden = Redactor(secrets_in(given.variables))
            convex_env.bring(given, wanted, Context(redactor=hidden))
    for of in plans.values():
        for phase in of.plan.phases:
            if isinstance(phase, Functions) and phase.service == service:
                convex_deploy.run(phase, of.context())


def _environment(inputs: dict[str, object]) -> ConvexEnvironment:
    known = {name: inputs[name] for name in ConvexEnvironment.model_fields if name in inputs}
    return ConvexEnvironment.model_validate_json(json.dumps(known))
