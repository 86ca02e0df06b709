"""Carries TCP connections into another network namespace, or out of one."""

import ctypes
import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Address = tuple[str, int]


@contextmanager
def forwarding(listen: Address, target: Address, *, inside: str | None = None) -> Iterator[None]:
    """Take connections at one address and carry them to another while the block runs.

    Args:
        listen: where to take them.
        target: where they go, as seen from this process.
        inside: the network namespace in which `listen` is; None is the one of this process.
    """
    with _listening(listen, inside) as listener:
        server = _Forwarder(listener, target)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Forwarder(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, target: Address) -> None:
        super().__init__(listener.getsockname(), _Connection, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.target = target


class _Connection(socketserver.BaseRequestHandler):
    server: _Forwarder

    def handle(self) -> None:
        try:
            far = socket.create_connection(self.server.target, timeout=10)
        except OSError:
            return  # the client sees its connection closed, as it would without a forwarder
        far.settimeout(None)
        with far:
            back = threading.Thread(target=_carry, args=(far, self.request), daemon=True)
            back.start()
            _carry(self.request, far)
            back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone, so the other has nobody to talk to.
        for end in (source, sink):
            end.close()


@contextmanager
def _listening(address: Address, inside: str | None) -> Iterator[socket.socket]:
    """A socket stays in the namespace it was made in, so only making it happens there."""
    made: list[socket.socket | Exception] = []

    def make() -> None:
        # A thread of its own: setns(2) moves the calling thread alone, which ends right after.
        try:
            if inside is not None:
                _enter(inside)
            made.append(socket.create_server(address))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    (listener,) = made
    if isinstance(listener, Exception):
        raise listener
    with listener:
        yield listener


def _enter(namespace: str) -> None:
    file = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(file, 0):
            raise OSError(ctypes.get_errno(), f"setns into {namespace}")
    finally:
        os.close(file)
