"""Has the engine look at what no list call covers: resources of the native provider."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.drift.declared import Resource
from ops.drift.finding import EXISTS, GONE, Drift, Severity
from ops.drift.pairs import PUT_BACK
from ops.drift.words import NOTHING, shown
from ops.engine import Engine
from ops.workplace import ROOT

TYPES = ("estate:",)
"""Beginnings of the types whose provider reads all of an API, or all sites, at once."""
LIMIT_S = 300
_CHANGES = 7
_COULD_NOT_LOOK = "could_not_look"
"""Output of the native provider in the place of what it could not read."""
_HOLDS = {"estate:npm:ProxyHosts": "proxy-host", "estate:erp:Sites": "site"}
"""Type of the native provider → kind of what can be there without a declaration."""
_OF_THE_PROVIDER = ("facts", "salt")
"""Outputs of the native provider that say nothing of what was declared."""
_QUIET = ("same", "refresh", "read", "create")
"""`create` is what the stack file has and nobody has brought up yet."""


class EngineError(Exception):
    """The engine could not look; the text is its last words."""


@dataclass(frozen=True, kw_only=True)
class EngineLook:
    """What the engine found.

    Attributes:
        found: the drift.
        unread: engine's name of a resource whose host answered, but not what holds its entries →
            why.
        others: kind, such as `proxy-host`, and name of each entry that nobody declared.
    """

    found: Sequence[Drift] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[tuple[str, str]] = ()


def look(engine: Engine, chosen: Sequence[Resource]) -> EngineLook:
    """Have the providers of some resources read them; nothing is written.

    Raises:
        EngineError: they could not be read.
    """
    if not chosen:
        return EngineLook()
    flags = ["--preview-only", "--expect-no-changes", "--json"]
    targets = [part for one in chosen for part in ("--target", one.urn)]
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            engine.command("refresh", *flags, *targets),
            cwd=ROOT,
            env=engine.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"no answer within {LIMIT_S} s") from None
    if done.returncode not in {0, _CHANGES}:
        raise EngineError((done.stderr.strip() or done.stdout.strip())[-600:])
    urns = {one.urn for one in chosen}
    steps = [step for step in json.loads(done.stdout)["steps"] if step["urn"] in urns]
    return EngineLook(
        found=list(differences(steps)), unread=unread(steps), others=list(others(steps))
    )


def others(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the entries that are none of ours; pure."""
    for step in steps:
        kind = _HOLDS.get(str(step["urn"]).split("::")[-2].rpartition("$")[2])
        facts = _outputs(step).get("facts")
        if kind and isinstance(facts, dict):
            yield from ((kind, str(name)) for name in facts.get("others") or ())


def unread(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return URN → why of the resources that the native provider could not read; pure."""
    outputs = {str(step["urn"]): _outputs(step) for step in steps}
    return {
        urn: str(found[_COULD_NOT_LOOK])
        for urn, found in outputs.items()
        if found.get(_COULD_NOT_LOOK)
    }


def differences(steps: Sequence[Mapping[str, Any]]) -> Iterator[Drift]:
    """Yield each field that differs, from the engine's steps of a refresh; pure."""
    for step in steps:
        urn = str(step["urn"])
        name = urn.rpartition("::")[2]
        if step["op"] in _QUIET or urn.split("::")[-2].startswith("pulumi:") or unread([step]):
            continue
        if step["op"] == "delete":
            yield _drift(urn, name, "", EXISTS, GONE)
            continue
        old = (step.get("oldState") or {}).get("outputs") or {}
        new = (step.get("newState") or {}).get("outputs") or {}
        fields = step.get("detailedDiff") or dict.fromkeys(step.get("diffReasons") or [step["op"]])
        for path in sorted(fields):
            if path.startswith(_OF_THE_PROVIDER):
                continue
            yield _drift(urn, name, path, *_values(old, new, path))


def _outputs(step: Mapping[str, Any]) -> dict[str, Any]:
    return (step.get("newState") or {}).get("outputs") or {}


def _drift(urn: str, name: str, field: str, declared: str, found: str) -> Drift:
    return Drift(
        resource=name,
        field=field,
        declared=declared,
        found=found,
        urn=urn,
        severity=Severity.CRITICAL if found == GONE else Severity.WARNING,
        todo=PUT_BACK,
    )


def _values(old: object, new: object, path: str) -> tuple[str, str]:
    """Return what a field was and what it is, as text.

    Most lists are in an order of the other side's own, so that an index alone leads to an element
    that is still there; what went and what came tells more.
    """
    listed, _, last = path.rpartition("[")
    before, after = _at(old, listed), _at(new, listed)
    index = last.removesuffix("]")
    if index.isdecimal() and isinstance(before, list) and isinstance(after, list):
        return _only(before, after, int(index), path), _only(after, before, int(index), path)
    return shown(path, _at(old, path)), shown(path, _at(new, path))


def _only(here: list[object], there: list[object], index: int, path: str) -> str:
    """Return the element at an index if the other list lacks it, else all that it lacks."""
    own = [one for one in here if one not in there]
    if index < len(here) and here[index] in own:
        return shown(path, here[index])
    return ", ".join(shown(path, one) for one in own) or NOTHING


def _at(state: object, path: str) -> object:
    """Return the value at a path such as `a.b[0].c` or `a["b.c"]`, or None."""
    for part in _parts(path):
        if isinstance(state, list):
            index = int(part)
            state = state[index] if index < len(state) else None
        else:
            state = state.get(part) if isinstance(state, dict) else None
    return state


def _parts(path: str) -> Iterator[str]:
    rest = path
    while rest:
        if rest.startswith('["'):
            name, _, rest = rest[2:].partition('"]')
            yield name
        elif rest.startswith("["):
            name, _, rest = rest[1:].partition("]")
            yield name
        else:
            rest = rest.removeprefix(".")
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            yield rest[:end]
            rest = rest[end:]
