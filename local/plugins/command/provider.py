"""Stand-in for the command plugin, version 1.2.1: command:local:Command.

It keeps the marks of its inputs (secret, unknown) because its outputs repeat them.
"""

from __future__ import annotations

import asyncio
import json
import secrets

import grpc  # type: ignore[import-untyped]  # it ships no types
from pulumi.provider.experimental import provider as rpc
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from local.plugins.base.checking import check
from local.plugins.command.inputs import FIELDS, REFUSED
from local.plugins.command.running import Runner
from provider.wire.errors import PluginError
from provider.wire.serving import serve
from provider.wire.values import UNKNOWN, Bag, plain_bag, wrap

VERSION = "1.2.1"
TOKEN = "command:local:Command"  # noqa: S105 - the type token of a resource

Values = dict[str, PropertyValue]


class CommandProvider(rpc.Provider):
    """Runs commands of the program on this machine."""

    def __init__(self, engine: str) -> None:
        """Take the address of the engine, which shows the output of commands."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))
        self._runner = Runner()

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:
        """Accept everything: there is no configuration."""
        del request
        return rpc.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def cancel(self) -> None:
        """Kill the commands that are running."""
        self._runner.cancel()

    async def check(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        """Validate the inputs; they stay as they are.

        Raises:
            PluginError: the type is another one of the official plugin's.
        """
        if request.type.rpartition("$")[2] != TOKEN:
            raise PluginError(f"This stand-in knows {TOKEN} only, not {request.type}.")
        inputs = {n: v for n, v in request.new_inputs.items() if v.value is not None}
        unchecked = {*REFUSED, "triggers"}
        bag = {n: v for n, v in plain_bag(inputs).items() if n not in unchecked}
        failures = [rpc.CheckFailure(path, why) for path, why in check(bag, FIELDS)[1]]
        failures += [
            rpc.CheckFailure(name, "the stand-in for the command plugin does not support it")
            for name in REFUSED
            if name in inputs
        ]
        return rpc.CheckResponse(inputs, failures)

    async def diff(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        """Report every input that differs; only triggers ask for a new resource."""
        old = {n: v for n, v in plain_bag(request.old_state).items() if n in FIELDS}
        new = plain_bag(request.new_inputs)
        detailed = {
            name: rpc.PropertyDiff(_kind(name, old, new), input_diff=True)
            for name in sorted({*old, *new})
            if json.dumps(old.get(name), sort_keys=True)
            != json.dumps(new.get(name), sort_keys=True)
        }
        return rpc.DiffResponse(
            changes=bool(detailed),
            replaces=[name for name in detailed if FIELDS[name].replaces],
            diffs=list(detailed),
            detailed_diff=detailed,
        )

    async def create(self, request: rpc.CreateRequest) -> rpc.CreateResponse:
        """Run the create command, if there is one."""
        created = f"{request.name}{secrets.token_hex(4)}"
        if request.preview:
            return rpc.CreateResponse("", _with_unknown_outputs(request.properties))
        inputs = plain_bag(request.properties)
        result: Bag = {"stdout": "", "stderr": ""}
        if "create" in inputs:
            result = await self._run(inputs["create"], inputs, result, request.urn)
        return rpc.CreateResponse(created, _with_outputs(request.properties, result))

    async def update(self, request: rpc.UpdateRequest) -> rpc.UpdateResponse:
        """Run the update command, or the create command where there is none."""
        if request.preview:
            return rpc.UpdateResponse(_with_unknown_outputs(request.news))
        inputs, old = plain_bag(request.news), plain_bag(request.olds)
        result: Bag = {name: old.get(name, "") for name in ("stdout", "stderr")}
        command = inputs.get("update", inputs.get("create"))
        if command is not None:
            result = await self._run(command, inputs, result, request.urn)
        return rpc.UpdateResponse(_with_outputs(request.news, result))

    async def delete(self, request: rpc.DeleteRequest) -> None:
        """Run the delete command, if there is one."""
        inputs = plain_bag(request.properties)
        if "delete" in inputs:
            await self._run(inputs["delete"], inputs, inputs, request.urn)

    async def _run(self, command: str, inputs: Bag, earlier: Bag, urn: str) -> Bag:
        def log(line: str) -> None:
            severity = engine_pb2.LogSeverity.Value("INFO")
            request = engine_pb2.LogRequest(severity=severity, message=line, urn=urn)
            request.ephemeral = True
            self._engine.Log(request)

        return await asyncio.to_thread(self._runner.run, command, inputs, earlier, log)


def _kind(name: str, old: Bag, new: Bag) -> rpc.PropertyDiffKind:
    forced = FIELDS[name].replaces
    if name not in old:
        return rpc.PropertyDiffKind.ADD_REPLACE if forced else rpc.PropertyDiffKind.ADD
    if name not in new:
        return rpc.PropertyDiffKind.DELETE_REPLACE if forced else rpc.PropertyDiffKind.DELETE
    return rpc.PropertyDiffKind.UPDATE_REPLACE if forced else rpc.PropertyDiffKind.UPDATE


def _with_outputs(inputs: Values, result: Bag) -> Values:
    return {**inputs, **{name: wrap(result.get(name, "")) for name in ("stdout", "stderr")}}


def _with_unknown_outputs(inputs: Values) -> Values:
    unknown = PropertyValue(UNKNOWN)
    return {**inputs, "stdout": unknown, "stderr": unknown}


def main(engine: str) -> None:
    """Serve the stand-in.

    Args:
        engine: the address that the engine gave.
    """
    serve(CommandProvider(engine), VERSION, engine)
