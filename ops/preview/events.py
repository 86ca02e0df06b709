"""What the engine says of a preview, event by event, as changes, violations and messages. Pure.

The engine streams one JSON object a line (`pulumi preview --json`). A replacement comes as three
events (create-replacement, replace, delete-replaced); here it is one change.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""How Pulumi marks an object that is more than its members, here: a secret."""
SECRET = "[secret]"  # noqa: S105 - what the engine shows in place of one
_LATER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine shows of a value that is known only after the update."""
LATER = "[known later]"

_SAME = frozenset({"same", "refresh", "read", "read-replacement", "read-discard"})
_PARTS_OF_REPLACE = frozenset({"create-replacement", "delete-replaced"})
_ORDER = ("Network", "Volume", "Secret", "Command", "Service")
_OF_THE_ENGINE = "pulumi:"
_ONLY_THAT_IT_FAILED = ("preview failed", "an unhandled error occurred: program exited")
"""What the engine adds to the reasons that were given before."""
_FROM_PATH = "using pulumi-analyzer-"
"""A warning that our own policies were found where they are."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that an update would touch.

    Attributes:
        op: `create`, `update`, `replace` or `delete`.
        type: type token.
        name: what the stack calls it.
        urn: the engine's name of it.
        parent: the engine's name of the component that it belongs to.
        old: its inputs until now, secrets masked; empty for one that is new.
        new: its inputs from now on; empty for one that goes.
        seen: what the provider last saw of it, for fields that are in no input.
        paths: fields that differ, in the engine's notation.
        protected: whether the engine refuses to delete it.
        kept: whether it stays where it is when the stack forgets it.
    """

    op: str
    type: str
    name: str
    urn: str = ""
    parent: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    protected: bool = False
    kept: bool = False

    @property
    def kind(self) -> str:
        """Last part of its type token, such as `Service`."""
        return self.type.rpartition(":")[2]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Its inputs from now on, or the last ones of what goes."""
        return self.new or self.old


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule of a policy pack that a resource breaks.

    Attributes:
        rule: name of the rule.
        resource: what the stack calls the resource.
        text: what is wrong and what to do.
        mandatory: whether an update is refused.
    """

    rule: str
    resource: str
    text: str
    mandatory: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything that a preview said.

    Attributes:
        changes: what an update would touch, in the same order in every preview.
        unchanged: how many resources it would leave alone.
        violations: broken rules.
        errors: why the preview itself failed.
        warnings: what it warned of.
        code: exit code of the engine.
    """

    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    violations: tuple[Violation, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    code: int = 0

    def of(self, kind: str) -> list[Change]:
        """Return the changes of one kind of resource, such as `Service`."""
        return [change for change in self.changes if change.kind == kind]

    @property
    def is_first(self) -> bool:
        """Whether the stack has nothing yet."""
        new = [change for change in self.changes if change.op == "create"]
        return bool(new) and len(new) == len(self.changes) and not self.unchanged


def read(lines: Iterable[str], code: int = 0) -> Look:
    """Return what a preview said.

    Args:
        lines: one event each; what is no event is left out.
        code: exit code of the engine.
    """
    changes: list[Change] = []
    violations: list[Violation] = []
    said: dict[str, list[str]] = {"error": [], "warning": []}
    unchanged = 0
    for event in filter(None, map(event_of, lines)):
        if step := step_of(event):
            unchanged += step["op"] in _SAME
            changes += _changes(step)
        elif "policyEvent" in event:
            violations.append(_violation(event["policyEvent"]))
        elif "diagnosticEvent" in event:
            message = event["diagnosticEvent"]
            text = str(message.get("message", "")).strip()
            if message.get("severity") in said and not text.startswith(_FROM_PATH):
                said[message["severity"]].append(text)
    errors = [one for one in said["error"] if not one.startswith(_ONLY_THAT_IT_FAILED)]
    return Look(
        changes=tuple(sorted(changes, key=_place)),
        unchanged=unchanged,
        violations=tuple(sorted(set(violations), key=lambda one: (one.resource, one.rule))),
        errors=tuple(dict.fromkeys(errors)),
        warnings=tuple(dict.fromkeys(said["warning"])),
        code=code,
    )


def _place(change: Change) -> tuple[int, str, str]:
    """Return what sorts changes the same way in every preview: the engine works side by side.

    Steps of one component stay in its order, which is theirs: each waits for the one before.
    """
    rank = _ORDER.index(change.kind) if change.kind in _ORDER else len(_ORDER)
    return rank, change.parent, "" if change.kind == "Command" else change.name


def event_of(line: str) -> dict[str, Any] | None:
    """Return the event of a line, or None for a line that is none."""
    if not line.startswith("{"):
        return None
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found


def step_of(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an event says of a resource, or None for another event."""
    step: dict[str, Any] | None = (event.get("resourcePreEvent") or {}).get("metadata")
    return step


def _changes(step: Mapping[str, Any]) -> Iterable[Change]:
    op, urn, type_ = str(step["op"]), str(step["urn"]), str(step["type"])
    old, new = step.get("old") or {}, step.get("new") or {}
    if op in _SAME or op in _PARTS_OF_REPLACE or not (old or new).get("custom", False):
        return  # nothing to do, or a component, which groups others and is nothing on a host
    if type_.startswith(_OF_THE_ENGINE) and op != "update":
        return  # a provider comes and goes with what it serves
    yield Change(
        op=op,
        type=type_,
        name=urn.rpartition("::")[2],
        urn=urn,
        parent=str((new or old).get("parent", "")),
        old=_shown(old.get("inputs") or {}),
        new=_shown(new.get("inputs") or {}),
        seen=_shown(old.get("outputs") or {}),
        paths=tuple(sorted(step.get("detailedDiff") or step.get("diffs") or ())),
        protected=bool(old.get("protect")),
        kept=bool(old.get("retainOnDelete")),
    )


def _violation(event: Mapping[str, Any]) -> Violation:
    # The engine puts the rule's description before what the rule itself said.
    text = str(event["message"]).strip().partition("\n")[2] or str(event["message"]).strip()
    return Violation(
        rule=str(event["policyName"]),
        resource=str(event.get("resourceUrn", "")).rpartition("::")[2],
        text=text,
        mandatory=event.get("enforcementLevel") == "mandatory",
    )


def _shown(value: Any) -> Any:  # noqa: ANN401 - any value of a state
    """Return a value with what is masked or not known yet as a plain text."""
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return SECRET
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return LATER if value == _LATER else value
