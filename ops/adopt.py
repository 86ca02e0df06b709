"""Takes what runs already into a stack, so that its first update changes nothing.

Everything is tried on a double of the stack first: its state is filled from the engine's own plan
and from what the hosts have, read anew by the providers, and compared with the program. Only what
was shown is then written into the real state.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ops.adopt_report import Change, changes, report
from ops.adopt_state import DOCKER_STACK, STEP, done, found, grown, planned, without_stack_marks
from ops.confirm import confirm
from ops.drift import EXIT_DRIFT
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of, targets
from ops.locks import release_dead_lock
from ops.rehearsal import rehearsal
from ops.running import Running, look_up
from ops.stacks import made, to_look_at
from ops.state import keep
from settings import DockerStack
from steps.context import Context
from steps.docker_host import connect
from steps.library_errors import translated
from steps.swarm import Swarm

_LIMIT_S = 900
_ROUNDS = 5
"""Each adopts what the round before made known: providers, then networks, then services."""


@dataclass(frozen=True)
class Adoption:
    """What adopting would do.

    Attributes:
        state: of the stack afterwards, as the engine exports it.
        new: resources that are new in it.
        changes: what the first update would still change.
        stacks: service → what stays in its tasks, for the stack file.
    """

    state: Mapping[str, Any]
    new: list[Mapping[str, Any]]
    changes: list[Change]
    stacks: Mapping[str, DockerStack]


def adopt(stack: str, *, dry: bool, force: bool) -> int:
    """Show what runs and how it differs; then import it after a confirmation.

    Args:
        stack: its name.
        dry: only show.
        force: do not ask.

    Returns:
        0, or 7 when it was only shown and the first update would change something.

    Raises:
        OpsError: it cannot be adopted as it is, or nobody confirmed it.
    """
    return take_in(to_look_at(stack) if dry else made(stack), dry=dry, force=force)


def take_in(engine: Engine, *, dry: bool, force: bool) -> int:
    """Adopt for the stack of an engine; see `adopt`.

    Raises:
        OpsError: see `adopt`.
    """
    if not dry:
        release_dead_lock(engine)
    adoption = rehearse(engine, look_up(estate_of(engine)))
    sys.stdout.write(report(engine.stack, adoption.new, adoption.changes))
    if dry:
        return EXIT_DRIFT if adoption.changes else 0
    blocking = sorted({one.resource for one in adoption.changes if one.is_impossible})
    if blocking:
        raise OpsError(
            f"not adopted: {', '.join(blocking)} cannot be changed while something uses it",
            todo="write what runs into the stack file, or remake it by hand in a quiet hour",
        )
    if adoption.new:
        confirm(engine.stack, force=force)
        _write(engine, adoption)
    return 0


def rehearse(engine: Engine, running: Running) -> Adoption:
    """Adopt on a double of the stack, and see what its first update would change.

    Raises:
        OpsError: the engine, a host or an API could not be asked.
    """
    with rehearsal(engine, running.stacks) as double:
        before = {one["urn"] for one in _deployment(double)["resources"]}
        waiting = _fill(double, running)
        _put(double, without_stack_marks(_deployment(double)))
        quiet = _quiet(_preview(double))
        state = _deployment(double)
        _put(double, grown(state, done([one for one in waiting if quiet(one.goal)], state)))
        left = changes(_preview(double))
        exported = json.loads(double.ask("stack", "export"))
    new = [one for one in exported["deployment"]["resources"] if one["urn"] not in before]
    adopted = {(one.get("inputs") or {}).get("name") for one in new}
    stacks = {name: one for name, one in running.stacks.items() if name in adopted}
    return Adoption(exported, [one for one in new if one.get("id")], left, stacks)


def _fill(double: Engine, running: Running) -> list[Any]:
    """Put into a state what runs; return the steps that are not carried out yet."""
    for _ in range(_ROUNDS):
        state = _deployment(double)
        with TemporaryDirectory(prefix="estate-plan-") as folder:
            file = Path(folder) / "plan.json"
            double.ask("preview", "--save-plan", str(file), limit_s=_LIMIT_S)
            creating = planned(json.loads(file.read_text(encoding="utf-8")))
        new = found(creating, running, state)
        if not new:
            break
        _put(double, grown(state, new))
        # Until a provider has read it, what stands on it may seem to have to be made anew.
        double.ask("refresh", "--yes", "--skip-preview", limit_s=_LIMIT_S)
    return [one for one in creating if one.type == STEP and one.is_known]


def _quiet(steps: list[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - a function
    """Return what tells whether a step belongs to a component in which nothing would change.

    Where something would, its release has to run: with a backup, and with a way back.
    """
    moved = {
        (step.get("newState") or step.get("oldState") or {}).get("parent")
        for step in steps
        if step["op"] != "same" and f"{STEP}::" not in step["urn"]
    }
    return lambda goal: goal.get("parent") not in moved


def _write(engine: Engine, adoption: Adoption) -> None:
    """Make the adoption true: in the stack file, on the services, and last in the state."""
    for name, kept in adoption.stacks.items():
        said = {"stack": kept.stack, "alias": kept.alias}
        said |= {f"volumes[{index}]": volume for index, volume in enumerate(kept.volumes)}
        for field, value in said.items():
            path = f'estate:adopted["{name}"].{field}'
            engine.ask("config", "set", "--path", "--type", "string", path, value)
    services = {str(one["id"]) for one in adoption.new if one["type"].endswith(":Service")}
    for target in targets(engine):
        with (
            connect(target, Context()) as client,
            translated("A label could not be taken off.", state="The state is as it was."),
        ):
            _take_labels_off(Swarm(client), services)
    keep(engine)
    engine.ask("stack", "import", stdin=json.dumps(adoption.state))
    sys.stdout.write(f"adopted; next: make preview STACK={engine.stack}\n")


def _take_labels_off(swarm: Swarm, services: set[str]) -> None:
    """Have `docker stack` forget services; no task of theirs restarts for it."""
    for id_ in services:
        service = swarm.service(id_)
        if service is None:
            continue
        labels = service["Spec"].get("Labels") or {}
        own = {key: text for key, text in labels.items() if not key.startswith(DOCKER_STACK)}
        if own != labels:
            swarm.update_service(service, {**service["Spec"], "Labels": own})


def _deployment(engine: Engine) -> dict[str, Any]:
    deployment = json.loads(engine.ask("stack", "export"))["deployment"]
    return {**deployment, "resources": deployment.get("resources") or []}


def _put(engine: Engine, deployment: Mapping[str, Any]) -> None:
    engine.ask("stack", "import", stdin=json.dumps({"version": 3, "deployment": deployment}))


def _preview(engine: Engine) -> list[Mapping[str, Any]]:
    steps: list[Mapping[str, Any]]
    steps = json.loads(engine.ask("preview", "--json", limit_s=_LIMIT_S))["steps"]
    return steps
