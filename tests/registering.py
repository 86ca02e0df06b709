"""Runs a program against Pulumi's mocks and keeps what it registers."""

import asyncio
from collections.abc import Callable
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from pulumi.runtime import mocks
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest, RegisterResourceResponse

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Marks wrapped values in the engine's protocol."""


class _Mocks(mocks.Mocks):
    def call(self, _args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", args.inputs


class _Monitor(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Mocks())
        self.made: list[dict[str, Any]] = []

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: RegisterResourceRequest
    ) -> RegisterResourceResponse:
        answer: RegisterResourceResponse
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self.made.append({**MessageToDict(request), "urn": answer.urn, "id": answer.id})
        return answer


def registrations(program: Callable[[], object], *, stack: str) -> list[dict[str, Any]]:
    """Run a program; return each registration as the protocol has it, with its `urn` and `id`."""
    # Pulumi's mocks want a loop in the main thread, and `asyncio.run` of another test ends it.
    asyncio.set_event_loop(asyncio.new_event_loop())
    monitor = _Monitor()
    mocks.set_mocks(_Mocks(), project="estate", stack=stack, preview=True, monitor=monitor)

    @mocks.test  # type: ignore[misc]
    def run() -> None:
        program()

    run()
    return monitor.made
