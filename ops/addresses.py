"""Whether each public address of a stack answers, as those who use it would see it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx

from ops.finding import Finding, Level
from settings import Estate
from steps.web import open_client

_AT_ONCE = 8
_KEPT_OUT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""The dashboard's answer to who is not on its allow list: from here, nobody can say more."""


def findings(estate: Estate, urls: Mapping[str, str]) -> Iterator[Finding]:
    """Ask every address, and judge its answer.

    Args:
        estate: whose.
        urls: name → address that answers 200 while all is well; each active tenant has one.
    """
    private = estate.edge.acme.ca_certificate if estate.edge and estate.edge.acme else None
    with open_client(private) as client, ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda named: _asked(client, *named), sorted(urls.items()))


def _asked(client: httpx.Client, name: str, url: str) -> Finding:
    sign, expected = f"answer of {name}", "HTTP 200"
    try:
        status = client.get(url).status_code
    except httpx.HTTPError as error:
        return Finding(sign, type(error).__name__, expected, Level.ALERT)
    return Finding(sign, f"HTTP {status}", expected, _judged(status))


def _judged(status: int) -> Level:
    """Return what an answer means; pure."""
    if status == HTTPStatus.OK:
        return Level.OK
    return Level.WATCH if status in _KEPT_OUT else Level.ALERT
