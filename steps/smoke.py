"""Asks from outside, as a user and as a device would, whether the release works."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Any

import httpx

from steps.context import Waiting
from steps.errors import InputError, WebError
from steps.web import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from steps.context import Context
    from steps.inputs import SmokeInput

IDENTITY = "estate-smoke"
"""One device for ever: a new name each time would leave a fake device per release."""

SECRET = "MACHINE_PROVISIONING_SECRET"  # noqa: S105 - the variable's name
SYNC = "/api/sync"
"""Where Convex's clients without a version of their own connect (its router.rs)."""

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""The text that RFC 6455, section 1.3, has a server append to the client's key."""

REFUSALS = frozenset({401, 403})
STATE = "The new release is in place; this check changes nothing but the device estate-smoke."


def registration(tenant_id: str, secret: str) -> dict[str, object]:
    """Return what a device sends to be registered; pure."""
    return {
        "provisioningSecret": secret,
        "tenantId": tenant_id,
        "hostname": IDENTITY,
        "os": {"name": "Linux", "version": "1", "architecture": "x86_64"},
        "macAddresses": ["02:00:00:00:00:01"],
        "serialNumbers": [IDENTITY],
        "registeredBy": IDENTITY,
    }


def accepted(key: str) -> str:
    """Return what a WebSocket server has to answer to a client's key; pure."""
    digest = hashlib.sha1((key + WEBSOCKET_GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


class SmokeRun:
    """One run of all checks, with one budget of attempts."""

    def __init__(self, http: httpx.Client, given: SmokeInput, context: Context) -> None:
        """Prepare; nothing is sent yet."""
        self._http = http
        self._given = given
        self._context = context
        self._left = given.attempts
        self._waiting = Waiting(context, "smoke")

    def run(self, secret: str) -> dict[str, object]:
        """Run the checks in order.

        Raises:
            WebError: A check still fails after the last attempt.
        """
        given = self._given
        body = registration(given.tenant_id, secret)
        self._until(200, "front page", lambda: self._http.get(given.url, follow_redirects=True))
        registered = self._until(
            201, "register", lambda: self._post(given.register_path, body), final=REFUSALS
        )
        token = _token(registered)
        if token is None:
            raise self._failed("register", "HTTP 201, but its answer has no machineToken")
        self._context.redactor.add(token)
        beat = {"machineToken": token, "status": "online", "hostname": IDENTITY}
        self._until(200, "heartbeat", lambda: self._post(given.heartbeat_path, beat))
        version = given.convex_url.rstrip("/") + "/version"
        self._until(200, "convex", lambda: self._http.get(version))
        self._websocket()
        return {
            "attempts": given.attempts - self._left,
            "seconds": round(self._waiting.seconds, 1),
        }

    def _websocket(self) -> None:
        """Open the WebSocket that every page keeps open, and close it again.

        Raises:
            WebError: It is not opened, or not by a WebSocket server.
        """
        key = base64.b64encode(os.urandom(16)).decode()
        address = self._given.convex_url.rstrip("/") + SYNC
        headers = {**UPGRADE, "Sec-WebSocket-Key": key}
        answer = self._until(101, "websocket", lambda: self._http.get(address, headers=headers))
        if answer.headers.get("Sec-WebSocket-Accept") != accepted(key):
            raise self._failed("websocket", "HTTP 101 without the answer to the key that was sent")

    def _post(self, path: str, body: object) -> httpx.Response:
        """Send JSON to a path of the application."""
        return self._http.post(self._given.url.rstrip("/") + path, json=body)

    def _until(
        self,
        status: int,
        check: str,
        ask: Callable[[], httpx.Response],
        *,
        final: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        """Return the first answer with the wanted status.

        Args:
            status: The wanted status.
            check: The check's name in messages.
            ask: Sends the request.
            final: Statuses that no further attempt will change.

        Raises:
            WebError: No attempt is left, or the answer is final.
        """
        while True:
            self._left -= 1
            try:
                answer = ask()
            except httpx.HTTPError as error:
                seen = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code == status:
                    return answer
                seen = shown(answer, self._context.redactor.hide)
                if answer.status_code in final:
                    raise self._failed(check, f"{seen} (not tried again)")
            if self._left <= 0:
                raise self._failed(check, f"{seen} (wanted HTTP {status})")
            self._waiting.tick(f"{check}: {seen}")
            self._context.clock.sleep(self._given.interval_s)

    def _failed(self, check: str, why: str) -> WebError:
        """Return the error of a check."""
        tried = self._given.attempts - self._left
        return WebError(
            f"Smoke test: {check} failed after {tried} attempts.",
            why=why,
            state=STATE,
            todo=_ADVICE[check],
        )


_ADVICE = {
    "front page": "Look at the log of the web service, the edge's routes and the DNS record.",
    "register": f"Check that Convex runs, and that {SECRET} is the same there and in web.",
    "heartbeat": "Look at the log of the web service and of Convex.",
    "convex": "Look at the log of the Convex backend and at the edge's route to it.",
    "websocket": "Look for a proxy in front of Convex that lets no WebSocket pass.",
}


def ask(http: httpx.Client, given: SmokeInput, context: Context) -> dict[str, object]:
    """Check front page, device registration, heartbeat, Convex and its WebSocket.

    Raises:
        InputError: The provisioning secret was not given.
        WebError: A check failed.
    """
    secret = context.secrets.get(SECRET)
    if not isinstance(secret, str):
        raise InputError(
            "smoke got no provisioning secret on standard input.",
            why=f"missing: {SECRET}",
            state="Nothing was asked.",
            todo=f'Give {{"{SECRET}": "…"}}.',
        )
    return SmokeRun(http, given, context).run(secret)


def _token(answer: httpx.Response) -> str | None:
    """Return the device's token, or None when the answer holds none."""
    try:
        body: Any = answer.json()
    except ValueError:
        return None
    token = body.get("machineToken") if isinstance(body, dict) else None
    return token if isinstance(token, str) and token else None
