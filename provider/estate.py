"""The provider: its types, and the calls of the engine."""

from __future__ import annotations

import asyncio
import json
import secrets as random
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental import provider as rpc

from provider.catalog import TYPES
from provider.entries import Change
from provider.resource import Before
from provider.states import (
    COULD_NOT_LOOK,
    OtherVersionError,
    as_input,
    before_change,
    differences,
    failures_in,
    mapping,
    model_of,
    state_of,
    wanted,
)
from provider.wire.errors import PluginError
from provider.wire.serving import serve
from provider.wire.values import UNKNOWN, has_unknown, plain_bag, wrap
from provider.working import CouldNotLookError, bring, look

if TYPE_CHECKING:
    from provider.resource import Resource

VERSION = "0.1.0"
_ANY = {"$ref": "pulumi.json#/Any"}
KINDS = {
    "add": rpc.PropertyDiffKind.ADD,
    "delete": rpc.PropertyDiffKind.DELETE,
    "update": rpc.PropertyDiffKind.UPDATE,
}


class EstateProvider(rpc.Provider):
    """Calls of the engine, in terms of `Resource`.

    State of a resource: the map with fingerprints for secrets, `facts`, and the secret `salt` of
    the fingerprints. How the map is reached is in the inputs alone.
    """

    async def get_schema(self, request: rpc.GetSchemaRequest) -> rpc.GetSchemaResponse:
        """Return names and types of the inputs."""
        del request
        resources = {
            token: {"inputProperties": dict.fromkeys(one.model.model_fields, _ANY)}
            for token, one in TYPES.items()
        }
        schema = {"name": "estate", "version": VERSION, "resources": resources}
        return rpc.GetSchemaResponse(json.dumps(schema))

    async def check_config(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        """Accept everything: there is no configuration."""
        return rpc.CheckResponse(inputs=request.new_inputs)

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:
        """Keep the marks of secrets."""
        del request
        return rpc.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        """Name each wrong property by its path; the inputs stay as they are."""
        resource = _find(request.type)
        new, old = plain_bag(request.new_inputs), plain_bag(request.old_inputs)
        failures = [] if has_unknown(new) else failures_in(resource, new)
        if not failures:
            before, after = (bag.get(resource.entries) for bag in (old, new))
            failures = resource.refusals(mapping(before), mapping(after))
        found = [rpc.CheckFailure(path, why) for path, why in failures]
        return rpc.CheckResponse(request.new_inputs, found)

    async def diff(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        """Compare the recorded map with the wanted one; nothing is reached."""
        resource = _find(request.type)
        state, inputs = plain_bag(request.old_state), plain_bag(request.new_inputs)
        if has_unknown(inputs):
            changes = [Change(resource.entries, "update")]
        else:
            changes = differences(resource, state, inputs)
        return rpc.DiffResponse(
            changes=bool(changes),
            diffs=sorted({one.path.partition("[")[0] for one in changes}),
            detailed_diff={
                one.path: rpc.PropertyDiff(KINDS[one.kind], input_diff=False) for one in changes
            },
        )

    async def create(self, request: rpc.CreateRequest) -> rpc.CreateResponse:
        """Bring the map about, taking over what is there."""
        resource, inputs = _find(request.type), plain_bag(request.properties)
        if request.preview:
            unknown = dict.fromkeys((resource.entries, "facts", "salt"), wrap(UNKNOWN))
            return rpc.CreateResponse("", unknown)
        given = model_of(resource, inputs)
        before = Before(changed=frozenset(inputs[resource.entries]))
        seen = await asyncio.to_thread(bring, resource, given, before)
        state = state_of(resource, given, seen, random.token_hex(16))
        return rpc.CreateResponse(resource.identity(given), state)

    async def read(self, request: rpc.ReadRequest) -> rpc.ReadResponse:
        """Return what there is; an empty id says that what held it is gone."""
        resource, inputs = _find(request.type), plain_bag(request.inputs)
        recorded = plain_bag(request.properties)
        facts = mapping(recorded.get("facts"))
        # What is adopted was never brought about, and has none yet.
        salt = str(recorded.get("salt") or random.token_hex(16))
        try:
            given = model_of(resource, inputs)
            seen = await asyncio.to_thread(look, resource, given, facts)
        except (CouldNotLookError, OtherVersionError) as error:
            kept = {**request.properties, COULD_NOT_LOOK: wrap(str(error))}
            return rpc.ReadResponse(request.resource_id, kept, request.inputs)
        if seen is None:
            return rpc.ReadResponse("")
        counted = {n: v for n, v in request.properties.items() if n in resource.counted}
        state = {**state_of(resource, given, seen, salt), **counted}
        found = {**request.inputs, resource.entries: as_input(resource, given, seen, salt)}
        return rpc.ReadResponse(resource.identity(given), state, found)

    async def update(self, request: rpc.UpdateRequest) -> rpc.UpdateResponse:
        """Bring the map to what is wanted, or say what that would give."""
        resource, inputs = _find(request.type), plain_bag(request.news)
        state = plain_bag(request.olds)
        salt = str(state.get("salt") or random.token_hex(16))
        if request.preview:
            return rpc.UpdateResponse({**request.olds, resource.entries: wrap(UNKNOWN)})
        given = model_of(resource, inputs)
        before = before_change(resource, state, wanted(resource, given, salt))
        seen = await asyncio.to_thread(bring, resource, given, before)
        return rpc.UpdateResponse(state_of(resource, given, seen, salt))

    async def delete(self, request: rpc.DeleteRequest) -> None:
        """Forget: what is served stays served. An entry goes by leaving the map."""
        del request


def _find(urn_type: str) -> Resource[Any]:
    # Inside a component the URN's type is the chain of its parents' types.
    token = urn_type.rpartition("$")[2]
    if token not in TYPES:
        raise PluginError(f"The provider estate does not know {token}; it knows {', '.join(TYPES)}")
    return TYPES[token]


def main(engine: str) -> None:
    """Serve.

    Args:
        engine: the address that the engine gave.
    """
    serve(EstateProvider(), VERSION, engine)
