"""What a killed engine leaves behind, put right before the next update."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ops.engine import Engine
from ops.half_made import settle, take_back
from ops.half_made_records import take_back_records
from ops.hosts import estate_of, targets
from steps.context import Context
from steps.docker_host import connect


@dataclass(frozen=True, kw_only=True)
class HalfMade:
    """Something that an engine was at work on when it died.

    Attributes:
        doing: the engine's word for what it did.
        type: type token.
        inputs: what it was to become; secrets are encrypted.
    """

    doing: Literal["creating", "updating", "deleting", "reading", "importing"]
    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its own name, as Docker or Cloudflare know it."""
        return str(self.inputs.get("name"))


def half_made(pending: Iterable[Mapping[str, Any]]) -> list[HalfMade]:
    """Return what the pending operations of a state are about. Pure."""
    return [
        HalfMade(
            doing=one["type"],
            type=str(one["resource"]["type"]),
            inputs=one["resource"].get("inputs") or {},
        )
        for one in pending
    ]


def finish_interrupted(engine: Engine) -> bool:
    """Put right what was going on when an engine died; return whether the stack has anything.

    The engine does not know whether what it was creating exists. A service, secret, network or
    record that does would refuse its own name to the next update; none of them has served or held
    data yet. Volumes and steps need nothing: creating them twice is the same as once. A service
    that was being updated is waited for, because Swarm goes on without an engine.
    """
    state = json.loads(engine.ask("stack", "export"))
    deployment = state.get("deployment") or {}
    known = {str(one["id"]) for one in deployment.get("resources") or [] if one.get("id")}
    unknown = half_made(deployment.get("pending_operations") or [])
    if not unknown:
        return bool(known)
    created = [one for one in unknown if one.doing == "creating"]
    updated = [one.name for one in unknown if one.doing == "updating"]
    names = ", ".join(sorted(one.name for one in created if "name" in one.inputs)) or "nothing"
    sys.stderr.write(f"an earlier run was killed; taking back what it was creating: {names}\n")
    for target in targets(engine):
        with connect(target, Context()) as client:
            take_back(client, [(one.type, one.name) for one in created], known)
            settle(client, updated)
    take_back_records(estate_of(engine), created, known)
    # The list of unknowns goes from the state too, or every later run would warn about it.
    deployment["pending_operations"] = []
    engine.ask("stack", "import", stdin=json.dumps(state))
    return bool(known)
