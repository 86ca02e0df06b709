"""A provider whose resources are described by fields: check, diff, preview, dispatch."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Protocol

from pulumi.provider.experimental import provider as rpc

from local.plugins.base.checking import check
from local.plugins.base.diffing import Action, Change, compare, settle
from local.plugins.base.fields import Fields, Kind, Need
from provider.wire.errors import GoneError, PluginError, UnfinishedError
from provider.wire.values import UNKNOWN, Bag, plain_bag, wrap_bag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pulumi.provider.experimental.property_value import PropertyValue

KINDS = {
    (Action.ADD, False): rpc.PropertyDiffKind.ADD,
    (Action.ADD, True): rpc.PropertyDiffKind.ADD_REPLACE,
    (Action.DELETE, False): rpc.PropertyDiffKind.DELETE,
    (Action.DELETE, True): rpc.PropertyDiffKind.DELETE_REPLACE,
    (Action.UPDATE, False): rpc.PropertyDiffKind.UPDATE,
    (Action.UPDATE, True): rpc.PropertyDiffKind.UPDATE_REPLACE,
}


class Resource(Protocol):
    """What one type of resource does; every method may block."""

    @property
    def fields(self) -> Fields:
        """The properties of the type."""

    @property
    def named(self) -> bool:
        """Whether `name` is unique on the other side: then it is made up when not given."""

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create it; return its id and state."""

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Return the id and state it has now; raise GoneError when it does not exist."""

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Change it in place; return its state."""

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete it."""


class StandIn(rpc.Provider):
    """A provider for the given types of resources."""

    def __init__(self) -> None:
        """Start without resources: `configure` adds them by type token."""
        self.resources: dict[str, Resource] = {}

    async def check_config(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        """Accept the configuration as it is."""
        return rpc.CheckResponse(inputs=request.new_inputs)

    async def check(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        """Validate the inputs and fill in defaults."""
        resource = self._find(request.type)
        inputs = plain_bag(request.new_inputs)
        if resource.named and "name" not in inputs:
            earlier = plain_bag(request.old_inputs).get("name")
            inputs["name"] = earlier or f"{request.name}-{secrets.token_hex(4)[:7]}"
        checked, found = check(inputs, resource.fields)
        failures = [rpc.CheckFailure(path, reason) for path, reason in found]
        return rpc.CheckResponse(_wrap(checked, resource.fields), failures)

    async def diff(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        """Compare the recorded state with the new inputs."""
        resource = self._find(request.type)
        state, inputs = plain_bag(request.old_state), plain_bag(request.new_inputs)
        changes = [
            change
            for change in compare(state, inputs, resource.fields)
            if not _is_ignored(change.path, request.ignore_changes)
        ]
        forced = [change for change in changes if change.replaces]
        return rpc.DiffResponse(
            changes=bool(changes),
            replaces=[change.path for change in forced],
            # The bridge deletes first whenever the name was given: two of one name cannot be.
            delete_before_replace=bool(forced) and resource.named,
            diffs=sorted({_top(change.path) for change in changes}),
            detailed_diff={change.path: _detail(change) for change in changes},
        )

    async def create(self, request: rpc.CreateRequest) -> rpc.CreateResponse:
        """Create a resource, or say what creating it would give."""
        resource = self._find(request.type)
        inputs = plain_bag(request.properties)
        if request.preview:
            return rpc.CreateResponse("", _wrap(_foresee(inputs, resource.fields), resource.fields))
        resource_id, state = await asyncio.to_thread(resource.create, inputs)
        return rpc.CreateResponse(resource_id, _wrap(state, resource.fields))

    async def read(self, request: rpc.ReadRequest) -> rpc.ReadResponse:
        """Return what the resource is now; an empty id says that it is gone."""
        resource = self._find(request.type)
        recorded, inputs = plain_bag(request.properties), plain_bag(request.inputs)
        try:
            found, state = await asyncio.to_thread(resource.read, request.resource_id, recorded)
        except GoneError:
            return rpc.ReadResponse("")
        seen = _project(inputs, state, resource.fields)
        return rpc.ReadResponse(found, _wrap(state, resource.fields), _wrap(seen, resource.fields))

    async def update(self, request: rpc.UpdateRequest) -> rpc.UpdateResponse:
        """Change a resource in place, or say what changing it would give.

        Raises:
            UnfinishedError: it failed, and what was wanted is to be recorded.
        """
        resource = self._find(request.type)
        state, inputs = plain_bag(request.olds), plain_bag(request.news)
        wanted = settle(state, inputs, resource.fields)
        if not request.preview:
            try:
                wanted = await asyncio.to_thread(resource.update, request.resource_id, wanted)
            except UnfinishedError as error:
                error.resource_id = request.resource_id
                error.properties = _wrap(error.state, resource.fields)
                raise
        else:
            kept = {n: v for n, v in state.items() if _is_output(n, resource.fields)}
            wanted = {**kept, **wanted}
        return rpc.UpdateResponse(_wrap(wanted, resource.fields))

    async def delete(self, request: rpc.DeleteRequest) -> None:
        """Delete a resource."""
        resource = self._find(request.type)
        state = plain_bag(request.properties)
        await asyncio.to_thread(resource.delete, request.resource_id, state)

    def _find(self, urn_type: str) -> Resource:
        # Inside a component the URN's type is the chain of its parents' types.
        token = urn_type.rpartition("$")[2]
        if token not in self.resources:
            known = ", ".join(sorted(self.resources))
            raise PluginError(
                f"This stand-in does not know {token}. It knows {known}. Install the official "
                "plugin to use the other types."
            )
        return self.resources[token]


def _is_ignored(path: str, ignored: Iterable[str]) -> bool:
    """Whether a path is one of those to ignore, or lies below it."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in ignored)


def _wrap(bag: Bag, fields: Fields) -> dict[str, PropertyValue]:
    return wrap_bag(bag, frozenset(name for name, field in fields.items() if field.secret))


def _detail(change: Change) -> rpc.PropertyDiff:
    return rpc.PropertyDiff(KINDS[change.action, change.replaces], input_diff=False)


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]


def _is_output(name: str, fields: Fields) -> bool:
    return name in fields and fields[name].need is Need.OUTPUT


def _foresee(inputs: Bag, fields: Fields) -> Bag:
    """Complete the inputs with unknowns where the other side will choose."""
    chosen = {Need.OUTPUT, Need.COMPUTED}
    return {n: UNKNOWN for n, field in fields.items() if field.need in chosen} | inputs


def _project(inputs: Bag, state: Bag, fields: Fields) -> Bag:
    """Say which inputs would give this state, touching only what the program has set."""
    seen: Bag = {}
    for name, given in inputs.items():
        field, found = fields.get(name), state.get(name)
        if field is None or found is None:
            continue
        if field.kind is Kind.BLOCK and isinstance(given, dict) and isinstance(found, dict):
            seen[name] = _project(given, found, field.fields)
        else:
            seen[name] = given if not compare(state, inputs, {name: field}) else found
    return seen
