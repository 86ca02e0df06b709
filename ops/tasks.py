"""The tasks of a Swarm, through the Docker SDK."""

from collections.abc import Iterable
from typing import Any

import docker.errors
from docker import DockerClient

from steps.library_errors import translated


class DockerTasks:
    """A Swarm's manager as the watch wants it."""

    def __init__(self, client: DockerClient) -> None:
        """Use a client that is connected already."""
        self._api: Any = client.api

    def of(self, service: str) -> Iterable[dict[str, Any]]:
        """Return the tasks of a service; none when there is no such service.

        Raises:
            StepError: the host does not answer any more.
        """
        with translated("The tasks could not be listed.", state="Unchanged."):
            try:
                found: list[dict[str, Any]] = self._api.tasks(filters={"service": service})
            except docker.errors.APIError:
                return []
        return found

    def log(self, task: str, lines: int) -> str:
        """Return the end of a task's log; empty when the task is gone already.

        Raises:
            StepError: the host does not answer any more.
        """
        url = self._api._url("/tasks/{0}/logs", task)  # noqa: SLF001 - the SDK has no call for it
        given = {"stdout": 1, "stderr": 1, "tail": lines}
        with translated("A task's log could not be read.", state="Unchanged."):
            try:
                answer = self._api._get(url, params=given, stream=False)  # noqa: SLF001
                text: bytes = self._api._get_result_tty(False, answer, False)  # noqa: SLF001, FBT003
            except docker.errors.APIError:
                return ""
        return text.decode(errors="replace").strip()
