"""Placement constraints, read as Swarm reads them; pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_CONSTRAINT = re.compile(r"\s*([\w.\-/]+)\s*(==|!=)\s*(.*?)\s*")
_NODE_LABELS = "node.labels."
_ENGINE_LABELS = "engine.labels."


def violated(constraints: Iterable[str], node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the constraints that a node does not meet; one that Swarm would refuse is left out."""
    for constraint in constraints:
        parsed = _CONSTRAINT.fullmatch(constraint)
        if parsed and not _is_met(parsed[1], parsed[2] == "==", parsed[3], node):
            yield constraint


def labels_named(constraints: Iterable[str]) -> set[str]:
    """Return the labels of nodes on which constraints depend."""
    parsed = (_CONSTRAINT.fullmatch(one) for one in constraints)
    keys = [one[1] for one in parsed if one]
    return {key.removeprefix(_NODE_LABELS) for key in keys if key.startswith(_NODE_LABELS)}


def _is_met(key: str, equal: bool, value: str, node: Mapping[str, Any]) -> bool:  # noqa: FBT001 - the operator
    found = _found(key, node)
    # Swarm compares without regard to case, and a label that is missing is an empty text.
    return found is None or (found.casefold() == value.casefold()) == equal


def _found(key: str, node: Mapping[str, Any]) -> str | None:
    """Return what a node has under a key, None for a key that nobody knows."""
    spec, described = node.get("Spec") or {}, node.get("Description") or {}
    platform, engine = described.get("Platform") or {}, described.get("Engine") or {}
    if key.startswith(_NODE_LABELS):
        return str((spec.get("Labels") or {}).get(key.removeprefix(_NODE_LABELS), ""))
    if key.startswith(_ENGINE_LABELS):
        return str((engine.get("Labels") or {}).get(key.removeprefix(_ENGINE_LABELS), ""))
    known = {
        "node.id": node.get("ID"),
        "node.hostname": described.get("Hostname"),
        "node.role": spec.get("Role"),
        "node.platform.os": platform.get("OS"),
        "node.platform.arch": platform.get("Architecture"),
    }
    return str(known[key]) if key in known else None
