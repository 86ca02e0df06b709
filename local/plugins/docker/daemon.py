"""Talk to a Docker daemon in the terms of its API.

The types of the Docker SDK leave out fields that a refresh has to see, so requests and answers
are the API's own JSON; the SDK brings the transport and agrees on the version.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import quote

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from local.plugins.docker.tunnel import open_tunnel
from provider.wire.errors import GoneError, PluginError

TIMEOUT_S = 60
"""Of one request; creating a service asks a registry, which can be slow."""

NOT_FOUND = 404
FAILED = 400


class Daemon:
    """One Docker daemon, connected at the first request."""

    def __init__(self, host: str, ssh_options: list[str]) -> None:
        """Take the address (unix://, tcp:// or ssh://) and options for ssh."""
        self.host = host
        self._ssh_options = ssh_options
        self._lock = threading.Lock()
        self._client: docker.APIClient | None = None

    def connect(self) -> docker.APIClient:
        """Return the connection, made at the first call.

        Raises:
            PluginError: nothing answers at the address.
        """
        with self._lock:
            if self._client is None:
                address = self.host
                if address.startswith("ssh://"):
                    address = open_tunnel(address, self._ssh_options)
                try:
                    self._client = docker.APIClient(address, version="auto", timeout=TIMEOUT_S)
                except DockerException as error:
                    raise PluginError(
                        f"failed to connect to the Docker daemon at {self.host}: {error}"
                    ) from error
            return self._client

    def get(self, *path: str, auth: str = "", **query: str) -> Any:  # noqa: ANN401 - the API's JSON
        """Read an object or a list; `auth` is the X-Registry-Auth header."""
        return self._ask("GET", path, query, None, auth)

    def post(self, *path: str, body: dict[str, Any], auth: str = "", **query: str) -> Any:  # noqa: ANN401 - as above
        """Create or change an object; `auth` is the X-Registry-Auth header."""
        return self._ask("POST", path, query, body, auth)

    def delete(self, *path: str, **query: str) -> None:
        """Delete an object."""
        self._ask("DELETE", path, query, None)

    def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, str],
        body: dict[str, Any] | None,
        auth: str = "",
    ) -> Any:  # noqa: ANN401 - as above
        client = self.connect()
        parts = "/".join(quote(part, safe=":/@") for part in path)
        url = f"{client.base_url}/v{client.api_version}/{parts}"
        headers = {"X-Registry-Auth": auth} if auth else {}
        try:
            answer = client.request(
                method, url, params=query, json=body, headers=headers, timeout=TIMEOUT_S
            )
        except RequestException as error:
            raise PluginError(
                f"the Docker daemon at {self.host} did not answer: {error}"
            ) from error
        if answer.status_code >= FAILED:
            text = f"Error response from daemon: {_message(answer.text)}"
            raise (GoneError if answer.status_code == NOT_FOUND else PluginError)(text)
        return answer.json() if answer.content.strip() else None


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return text.strip()
