"""HTTP clients of the steps: time limits, a private certificate authority, `*.localhost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 10.0
"""Limit of connecting, and of each wait for data."""

BODY_SHOWN = 200
LOOPBACK = "127.0.0.1"


class LoopbackTransport(httpx.HTTPTransport):
    """Sends every request to this machine, under the name it was addressed to.

    RFC 6761 gives `*.localhost` to the loopback address, but not every resolver knows it.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its Host header and TLS name stay as they are."""
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host=LOOPBACK)
        return super().handle_request(request)


def open_client(ca_certificate: str | None = None) -> httpx.Client:
    """Return a client.

    Args:
        ca_certificate: PEM text of one more authority to trust, or None.
    """
    trusted = httpx.create_ssl_context()
    if ca_certificate:
        trusted.load_verify_locations(cadata=ca_certificate)
    loopback = LoopbackTransport(verify=trusted)
    return httpx.Client(
        verify=trusted,
        timeout=LIMIT_S,
        mounts={"all://localhost": loopback, "all://*.localhost": loopback},
    )


def shown(response: httpx.Response, hide: Callable[[str], str]) -> str:
    """Return status and the first 200 characters of an answer, without secrets.

    Args:
        response: The answer.
        hide: Takes the secrets out; applied before the text is cut, so that none is cut in two.
    """
    text = " ".join(hide(response.text).split())[:BODY_SHOWN]
    return f"HTTP {response.status_code}" + (f": {text}" if text else "")
