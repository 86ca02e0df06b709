"""Compares reality with a stack. Nothing is written, neither to a host nor to the state."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.engine import Engine
from ops.errors import OpsError
from ops.stacks import made
from ops.workplace import ROOT

EXIT_DRIFT = 7
_LIMIT_S = 900
_GONE = "nothing: it is gone"
# `create` is what the stack file has and nobody has brought up yet: pending, not changed by hand.
_QUIET = ("same", "refresh", "read", "create")
_OF_THE_ENGINE = "pulumi:"


@dataclass(frozen=True)
class Drift:
    """One field that is not as declared.

    Attributes:
        resource: its name in the stack.
        field: path of the field, empty when the whole resource is gone.
        declared: what the stack says; secrets are masked by the engine.
        found: what there is.
        urn: the engine's name of the resource.
        id: the provider's name of it.
    """

    resource: str
    field: str
    declared: str
    found: str
    urn: str = ""
    id: str = ""

    @property
    def gone(self) -> bool:
        """Whether the whole resource is missing."""
        return not self.field

    @property
    def type(self) -> str:
        """Its type token."""
        return self.urn.split("::")[-2].rpartition("$")[2]


def drift(stack: str) -> int:
    """Print what differs; return 0 for nothing, 7 for drift, another code when it cannot tell."""
    return tell(made(stack))


def tell(engine: Engine) -> int:
    """Print what differs from the engine's stack; return 0 for nothing, 7 for drift."""
    found = look(engine)
    if not found:
        sys.stdout.write(f"no drift in stack {engine.stack}\n")
        return 0
    sys.stdout.write(report(found, engine.stack))
    return EXIT_DRIFT


def look(engine: Engine) -> list[Drift]:
    """Ask every provider for the present state of every resource, and compare.

    Raises:
        OpsError: a host or an API could not be asked. That is neither drift nor its absence.
    """
    flags = ("--preview-only", "--run-program", "--expect-no-changes", "--json")
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            engine.command("refresh", *flags),
            cwd=ROOT,
            env=engine.environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OpsError(
            f"the drift check took longer than {_LIMIT_S} s; what differs is unknown",
            todo="see which host does not answer, then run it again",
        ) from None
    if done.returncode not in {0, EXIT_DRIFT}:
        said = (done.stderr.strip() or done.stdout.strip())[-1000:]
        raise OpsError(
            f"reality could not be looked at, so drift is unknown:\n{said}",
            todo="correct the cause named above, then run it again",
        )
    return list(differences(json.loads(done.stdout)["steps"]))


def differences(steps: list[Mapping[str, Any]]) -> Iterator[Drift]:
    """Yield each field that differs, from the engine's steps of a refresh. Pure."""
    for step in steps:
        urn = str(step["urn"])
        if step["op"] in _QUIET or urn.split("::")[-2].startswith(_OF_THE_ENGINE):
            continue
        name = urn.rpartition("::")[2]
        if step["op"] == "delete":
            id_ = str((step.get("oldState") or {}).get("id"))
            yield Drift(name, "", "that it exists", _GONE, urn, id_)
            continue
        old = (step.get("oldState") or {}).get("outputs") or {}
        new = (step.get("newState") or {}).get("outputs") or {}
        fields = step.get("detailedDiff") or dict.fromkeys(step.get("diffReasons") or [step["op"]])
        for field in sorted(fields):
            yield Drift(name, field, *_values(old, new, field), urn)


def _values(old: object, new: object, path: str) -> tuple[str, str]:
    """Return what a field was and what it is, as text.

    Docker keeps most lists in an order of its own, so that an index alone leads to an element
    that is still there; what went and what came tells more.
    """
    listed, _, last = path.rpartition("[")
    before, after = _at(old, listed), _at(new, listed)
    index = last.removesuffix("]")
    if index.isdecimal() and isinstance(before, list) and isinstance(after, list):
        return _only(before, after, int(index)), _only(after, before, int(index))
    return _text(_at(old, path)), _text(_at(new, path))


def _only(here: list[object], there: list[object], index: int) -> str:
    """Return the element at an index if the other list lacks it, else all that it lacks."""
    own = [one for one in here if one not in there]
    if index < len(here) and here[index] in own:
        return _text(here[index])
    return ", ".join(map(_text, own)) or _text(None)


def _text(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


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


def report(found: list[Drift], stack: str) -> str:
    """Return a table for people."""
    rows = [("resource", "field", "declared", "found")]
    rows += [(one.resource, one.field or "-", one.declared, one.found) for one in found]
    widths = [min(60, max(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    widths[-1] = max(len(row[-1]) for row in rows)  # what was done by hand is never cut
    lines = [
        "  ".join(_cut(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    todo = f"next: `make up STACK={stack}` puts it back; to keep it, write it into the stack file"
    return "\n".join([f"drift in stack {stack}:", *lines, todo, ""])


def _cut(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
