"""The state of a stack as if it had been brought up: from the program's own registrations.

The program is run against mocks, which hand out ids and open secrets, and what it registers is
written down the way the engine would. So a preview of a change can be looked at without any host.
"""

import json
import runpy
from collections.abc import Mapping
from typing import Any

import pulumi

from ops.workplace import ROOT
from provider.catalog import TYPES
from provider.entries import covered
from provider.resource import Resource as NativeResource
from tests.registering import SIGNATURE, registrations

_SALT = "of a test"
_MANIFEST = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}


def deployment(config: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """Return a deployment for `pulumi stack import`: all that the program declares is there.

    Args:
        config: the parts of the stack file without `estate:`, secrets in clear.
        stack: name of the stack.
    """
    raw = {f"estate:{key}": json.dumps(value) for key, value in config.items()}
    pulumi.runtime.set_all_config(raw)
    program = str(ROOT / "__main__.py")
    registered = registrations(lambda: runpy.run_path(program), stack=stack)
    made = [_resource(one, stack) for one in registered]
    known = {one["urn"] for one in made}
    defaults = {
        urn: _default_provider(urn)
        for urn in (one["provider"].rpartition("::")[0] for one in made if "provider" in one)
        if urn not in known
    }
    made.sort(key=_rank)
    return {"resources": [made[0], *defaults.values(), *made[1:]], "manifest": _MANIFEST}


def _rank(resource: Mapping[str, Any]) -> int:
    """The engine wants what others refer to before them."""
    if resource["type"] == "pulumi:pulumi:Stack":
        return 0
    if not resource["custom"]:
        return 1
    return 2 if resource["type"].startswith("pulumi:providers:") else 3


def _resource(given: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """Return a registration as the engine's state has it."""
    urn = _urn(given["urn"], stack)
    inputs = _filled(given["type"], _sealed(given.get("object", {})))
    one = {
        "urn": urn,
        "type": given["type"],
        "custom": given.get("custom", False),
        "inputs": inputs,
    }
    if given.get("parent"):
        one["parent"] = _urn(given["parent"], stack)
    seen = inputs
    if given["type"].startswith("pulumi:providers:"):
        seen = {**inputs, "version": given["version"]}
        one["inputs"] = {**seen, "__internal": {}}
    if given["type"] in TYPES:
        seen = _recorded(TYPES[given["type"]], given["object"])
    if one["custom"]:
        one |= {"id": given["id"], "outputs": seen}
        provider, _, id_ = given.get("provider", "").rpartition("::")
        if provider:
            one["provider"] = f"{_urn(provider, stack)}::{id_}"
        elif not given["type"].startswith("pulumi:"):
            one["provider"] = _default_reference(given, stack)
    for name in ("protect", "retainOnDelete"):
        if given.get(name):
            one[name] = True
    return one


def _filled(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a resource as its provider fills them in."""
    if type_ != "docker:index/service:Service":
        return inputs
    task = inputs["taskSpec"]
    container = {"isolation": "default", **task["containerSpec"]}
    mode = {"global": False, **inputs["mode"]}
    return {**inputs, "mode": mode, "taskSpec": {**task, "containerSpec": container}}


def _recorded(resource: NativeResource[Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what our own provider records: the map with fingerprints for secrets."""
    given = resource.model.model_validate_json(json.dumps(_opened(inputs))).model_dump()
    entries = {resource.entries: covered(given[resource.entries], _SALT)}
    return {**entries, **{name: given[name] for name in resource.counted}, "salt": _SALT}


def _opened(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value without its wrapping; every number of the protocol is a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        if SIGNATURE in value:
            return _opened(value["value"])
        return {name: _opened(one) for name, one in value.items()}
    return [_opened(one) for one in value] if isinstance(value, list) else value


def _default_reference(given: Mapping[str, Any], stack: str) -> str:
    package = given["type"].partition(":")[0]
    name = f"default_{given['version'].replace('.', '_')}"
    return f"urn:pulumi:{stack}::estate::pulumi:providers:{package}::{name}::{name}-id"


def _default_provider(urn: str) -> dict[str, Any]:
    """Return a provider that the engine makes by itself."""
    type_, name = urn.split("::")[2:]
    given = {"version": name.removeprefix("default_").replace("_", ".")}
    return {
        "urn": urn,
        "type": type_,
        "custom": True,
        "id": f"{name}-id",
        "inputs": given,
        "outputs": given,
    }


def _urn(mocked: str, stack: str) -> str:
    """Return the engine's name for what the mocks have named."""
    kinds, name = mocked.split("::", 2)[2].rsplit("::", 1)
    chain = kinds.removeprefix("pulumi:pulumi:Stack$")
    return f"urn:pulumi:{stack}::estate::{chain}::{name}"


def _sealed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with its secrets as a state has them before it is encrypted."""
    if isinstance(value, dict):
        if SIGNATURE in value:
            return {SIGNATURE: value[SIGNATURE], "plaintext": json.dumps(value["value"])}
        return {name: _sealed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_sealed(one) for one in value]
    return value
