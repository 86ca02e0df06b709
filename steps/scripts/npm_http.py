"""HTTP as Nginx Proxy Manager speaks it: JSON, and forms with files."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

LIMIT_S = 60.0


class NpmError(Exception):
    """NPM refused, or does not answer; the text says what was asked and why it failed."""


class Http:
    """Requests to one NPM.

    Attributes:
        url: its address without `/api`.
        token: of whoever is logged in, or nothing.
    """

    def __init__(self, url: str) -> None:
        """Prepare; nothing is sent yet."""
        self.url = url.rstrip("/")
        self.token = ""

    def send(
        self, method: str, path: str, body: object, limit_s: float = LIMIT_S, *, form: bool = False
    ) -> tuple[int, Any]:
        """Send one request; return status and body, whatever they are.

        Args:
            method: of the request.
            path: below /api.
            body: JSON, or name → text of the files of a form; None sends nothing.
            limit_s: seconds to wait for the answer.
            form: whether the body is a form.

        Raises:
            NpmError: there is no answer.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None
        if body is not None:
            kind, data = _form(body) if form else ("application/json", json.dumps(body).encode())
            headers["Content-Type"] = kind
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked before
            f"{self.url}/api{path}", data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=limit_s) as answer:  # noqa: S310 - as above
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())
        except (OSError, HTTPException) as error:
            raise NpmError(f"{method} {path}: no answer from {self.url}: {error}") from error


def _parsed(text: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")[:200]


def reason(code: int, answer: object) -> str:
    """Return NPM's own words for a refusal."""
    error = answer.get("error") if isinstance(answer, dict) else answer
    message = error.get("message") if isinstance(error, dict) else error
    return f"HTTP {code} {message}" if message else f"HTTP {code}"


def _form(files: object) -> tuple[str, bytes]:
    """Return content type and body of a form with files."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.pem"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{text}\r\n"
        for name, text in (files.items() if isinstance(files, dict) else ())
    ]
    body = "".join(parts) + f"--{boundary}--\r\n"
    return f"multipart/form-data; boundary={boundary}", body.encode()
