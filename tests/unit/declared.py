"""Runs the real program against mocks and returns what it registered; asserts stay outside."""

import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi

from tests.registering import SIGNATURE, registrations
from tests.unit.stack_files import ROOT, changed, raw

_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Resource:
    """One registration; others are named by kind and name, such as `Service:sistema_web`.

    Attributes:
        kind: last part of its type token.
        name: what the preview calls it.
        inputs: as the engine gets them, secrets opened.
        secret: paths of the inputs that are secret.
        parent: its parent.
        after: what it waits for.
        provider: name of its provider; empty for the default one.
        options: the remaining options as the engine gets them.
    """

    kind: str
    name: str
    inputs: Any
    secret: frozenset[str]
    parent: str
    after: frozenset[str]
    provider: str
    options: dict[str, Any]

    @property
    def labels(self) -> dict[str, str]:
        """Docker labels as name → value."""
        return {one["label"]: one["value"] for one in self.inputs["labels"]}

    @property
    def container(self) -> dict[str, Any]:
        """What a service runs in its container."""
        spec: dict[str, Any] = self.inputs["taskSpec"]["containerSpec"]
        return spec

    @property
    def step(self) -> dict[str, Any]:
        """What a step is given in the open."""
        given: dict[str, Any] = json.loads(self.inputs["environment"]["STEP_INPUT"])
        return given


class Registered(dict[str, Resource]):
    """`Kind:name` → resource."""

    def of(self, kind: str) -> dict[str, Resource]:
        """Return name → resource of one kind, such as `Service` or `Command`."""
        return {one.name: one for one in self.values() if one.kind == kind}

    def before(self, key: str) -> set[str]:
        """Return everything that has to be there before a resource, however indirectly."""
        found: set[str] = set()
        left = [key]
        while left:
            new = self[left.pop()].after - found
            found |= new
            left += new
        return found


def declared(changes: Mapping[str, object] | None = None, *, stack: str = "prod") -> Registered:
    """Run the program on the valid stack file with changes, and return what it registered."""
    return declared_by(changed(changes or {}), stack)


def declared_by(stack_file: Mapping[str, object], stack: str) -> Registered:
    """Run the program on a whole stack file, and return what it registered."""
    return _declared(json.dumps(raw(stack_file), sort_keys=True), stack)


@cache
def _declared(stack_file: str, stack: str) -> Registered:
    config = {f"estate:{key}": text for key, text in json.loads(stack_file).items()}
    pulumi.runtime.set_all_config(config)
    return registered(lambda: runpy.run_path(str(ROOT / "__main__.py")), stack=stack)


def registered(program: Callable[[], object], *, stack: str = "test") -> Registered:
    """Run any program, and return what it registered."""
    seen = Registered()
    for given in registrations(program, stack=stack):
        if given["type"] != "pulumi:pulumi:Stack":
            one = _resource(given)
            assert f"{one.kind}:{one.name}" not in seen
            seen[f"{one.kind}:{one.name}"] = one
    return seen


def _resource(given: dict[str, Any]) -> Resource:
    secret: set[str] = set()
    inputs = _open(given.get("object", {}), "", secret)
    known = {"type", "name", "urn", "id", "object", "parent", "provider"}
    known |= {"dependencies", "propertyDependencies"}
    return Resource(
        kind=_kind(given["type"]),
        name=given["name"],
        inputs=inputs,
        secret=frozenset(secret),
        parent=_key(given.get("parent", "")),
        after=frozenset(map(_key, given.get("dependencies", []))),
        provider=_key(given.get("provider", "").rpartition("::")[0]).partition(":")[2],
        options={name: value for name, value in given.items() if name not in known},
    )


def _kind(token: str) -> str:
    return token.rpartition(":")[2]


def _key(urn: str) -> str:
    kind, _, name = urn.rpartition("::")
    return f"{_kind(kind)}:{name}" if name else ""


def _open(value: Any, path: str, secret: set[str]) -> Any:  # noqa: ANN401 - JSON
    """Return a value without its wrapping, and note where it was secret."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == _SECRET:
            secret.add(path)
            return _open(value["value"], path, secret)
        below = {name: f"{path}.{name}".lstrip(".") for name in value}
        return {name: _open(one, below[name], secret) for name, one in value.items()}
    if isinstance(value, list):
        return [_open(one, f"{path}[*]", secret) for one in value]
    return value
