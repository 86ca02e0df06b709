"""What adopting does and what the first update would still change, for people. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.adopt_state import PROVIDER, STEP
from ops.drift.by_engine import differences
from ops.table import table

_RESTARTS = ("taskSpec", "endpointSpec")
"""Parts of a service for which Swarm makes a new task."""
_WIDTH = 60
"""Letters of a value that are shown: `make preview` has the whole of it."""


@dataclass(frozen=True)
class Change:
    """One thing that the first update would change.

    Attributes:
        resource: its name in the stack.
        type: its type token.
        op: the engine's word for it.
        field: path of the field; empty for a whole resource.
        declared: what the stack file says; secrets are masked by the engine.
        found: what there is.
    """

    resource: str
    type: str
    op: str
    field: str = ""
    declared: str = ""
    found: str = ""

    @property
    def kind(self) -> str:
        """Its type in one word."""
        return self.type.rpartition(":")[2].lower()

    @property
    def is_impossible(self) -> bool:
        """Whether it needs something made anew that is in use, or that holds data."""
        return self.op == "replace" and self.kind in {"network", "volume"}

    @property
    def cost(self) -> str:
        """What it costs users."""
        if self.is_impossible:
            return "cannot be done while it is in use"
        if self.op == "replace":
            return "is removed and made anew"
        if self.kind == "service" and self.field.startswith(_RESTARTS):
            return "restarts its task"
        return "restarts nothing"


def changes(steps: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return what a preview would change, field by field."""
    return [change for step in steps for change in _of(step)]


def _of(step: Mapping[str, Any]) -> list[Change]:
    """Return the changes of one step; of the three steps of a replacement one counts."""
    op, urn = str(step["op"]), str(step["urn"])
    type_, name = urn.split("::")[-2].rpartition("$")[2], urn.rpartition("::")[2]
    if op == "create":
        return [] if type_.startswith(PROVIDER) else [Change(name, type_, op)]
    if op not in {"update", "replace"}:
        return []
    # To the drift check the old state is what was declared; here it is what was found.
    declared, found = step.get("newState") or {}, step.get("oldState") or {}
    turned = {
        **step,
        "op": "update",
        "oldState": {"outputs": declared.get("inputs")},
        "newState": {"outputs": found.get("outputs")},
    }
    return [
        Change(name, type_, op, one.field, one.declared, one.found) for one in differences([turned])
    ]


def report(stack: str, new: Iterable[Mapping[str, Any]], left: Iterable[Change]) -> str:
    """Return what is imported, what differs, and what the first update does."""
    taken = [one for one in new if not one["type"].startswith(PROVIDER)]
    counts = Counter(_word(one["type"]) for one in taken)
    counted = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    lines = [f"stack {stack}: {counted or 'nothing new'} to be imported"]
    lines += [
        f"  {_word(one['type']):<9} {one['urn'].rpartition('::')[2]}"
        for one in taken
        if one["type"] != STEP
    ]
    changed = [one for one in left if one.op != "create"]
    anew = [one for one in left if one.op == "create" and one.type != STEP]
    steps = [one.resource for one in left if one.op == "create" and one.type == STEP]
    text = "\n".join([*lines, ""])
    if changed:
        rows = [
            (one.resource, one.field, _cut(one.declared), _cut(one.found), one.cost)
            for one in changed
        ]
        heading = ("resource", "field", "stack file", "runs", "the first update")
        text += "\ndiffers:\n" + table([heading, *rows])
    if anew:
        text += "\nmade anew: " + ", ".join(f"{one.kind} {one.resource}" for one in anew) + "\n"
    if steps:
        text += f"\ncarried out, each undone if it fails: {', '.join(steps)}\n"
    if not (changed or anew or steps):
        text += "\nthe first update changes nothing, and no task restarts\n"
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _word(type_: str) -> str:
    return "step" if type_ == STEP else type_.rpartition(":")[2].lower()
