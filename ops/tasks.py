"""The tasks of a Swarm as the watch wants them."""

from collections.abc import Iterable
from typing import Any

from docker import DockerClient

from steps.library_errors import translated
from steps.swarm import Swarm


class DockerTasks:
    """The tasks on one Swarm's manager."""

    def __init__(self, client: DockerClient) -> None:
        """Use a client that is connected already."""
        self._swarm = Swarm(client)

    def of(self, service: str) -> Iterable[dict[str, Any]]:
        """Return the tasks of a service; none when there is no such service.

        Raises:
            StepError: the host does not answer any more.
        """
        with translated("The tasks could not be listed.", state="Unchanged."):
            return self._swarm.tasks(service)

    def log(self, task: str, lines: int) -> str:
        """Return the end of a task's log; empty when the task is gone already.

        Raises:
            StepError: the host does not answer any more.
        """
        with translated("A task's log could not be read.", state="Unchanged."):
            return self._swarm.task_log(task, lines=lines)
