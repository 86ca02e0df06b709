"""Serve a provider to the engine over gRPC, with errors that people can read.

The server of `pulumi.provider.experimental` turns an exception into "Unexpected <class …>"; here
the message alone goes to the engine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc  # type: ignore[import-untyped]  # it ships no types
import grpc.aio  # type: ignore[import-untyped]  # as above
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from provider.wire.errors import PluginError, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pulumi.provider.experimental.provider import Provider

THREADS = 64
"""Calls that may wait for a daemon at the same time; guess: more than one stack has resources."""

ORPHANED_POLL_S = 1.0


class PlainErrors(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Answer a failed call with the text of its error."""

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        handler_call_details: Any,  # noqa: ANN401 - grpc has no types
    ) -> Any:  # noqa: ANN401 - as above
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        answer = handler.unary_unary

        async def guarded(request: object, context: Any) -> object:  # noqa: ANN401 - as above
            try:
                return await answer(request, context)
            except UnfinishedError as error:
                details = (("grpc-status-details-bin", _unfinished(error)),)
                return await context.abort(grpc.StatusCode.UNKNOWN, str(error), details)
            except PluginError as error:
                return await context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except NotImplementedError as error:
                return await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
            except Exception as error:  # noqa: BLE001 - the last line of defence says what broke
                traceback.print_exc(file=sys.stderr)
                text = f"{type(error).__name__}: {error}"
                return await context.abort(grpc.StatusCode.INTERNAL, text)

        return grpc.unary_unary_rpc_method_handler(
            guarded, handler.request_deserializer, handler.response_serializer
        )


def serve(provider: Provider, version: str, engine: str) -> None:
    """Serve until the engine ends this process; the chosen port goes to stdout.

    Args:
        provider: what answers.
        version: the version it claims, that of the official plugin.
        engine: the address of the engine, for log messages.
    """
    try:
        asyncio.run(_serve(provider, version, engine))
    except KeyboardInterrupt:
        # Ctrl-C reaches the whole process group; the engine ends its plugins itself.
        return


def _unfinished(error: UnfinishedError) -> bytes:
    """Pack what the engine records of an update that failed half-way."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id,
        properties=PropertyValue.marshal_map(error.properties),
        reasons=[str(error)],
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    packed: bytes = status.SerializeToString()
    return packed


async def _serve(provider: Provider, version: str, engine: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS, interceptors=[PlainErrors()])
    servicer = ProviderServicer([], version, provider, engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def _end_with(engine: int) -> None:
    """End this process once its engine has died, as the official plugins do."""
    while os.getppid() == engine:
        time.sleep(ORPHANED_POLL_S)
    # At once: threads that wait for a daemon would keep an orderly end waiting.
    os._exit(1)
