"""An estate that was brought up by `docker stack deploy`, as the runbooks do it."""

import subprocess
from pathlib import Path
from typing import Any

import docker.errors
import yaml

from tests import inside
from tests.adopt.compose import compose, contents
from tests.engine.stack import Stack, eventually, wait_until
from tests.unit.declared import Registered, declared_by

LIMIT_S = 300
_TRIES = 10


class Running:
    """What `docker stack deploy` made, beside the stack that is to adopt it.

    Attributes:
        stack: the stack; everything in the Swarm begins with its name.
        client: the Swarm's manager.
        declared: what the program declares of it.
    """

    def __init__(self, it: Stack) -> None:
        """Deploy nothing yet."""
        self.stack, self.client = it, it.docker
        self.declared: Registered = declared_by(it.config, it.name)

    def deploy(self, folder: Path) -> None:
        """Bring up services from a compose file; their data are still empty."""
        name = self.stack.name
        self.client.networks.create(f"{name}_public", driver="overlay", attachable=True)
        for volume in self.declared.of("Volume"):
            self.client.volumes.create(volume)
        for secret, content in contents(self.declared).items():
            (folder / secret).write_bytes(content)
        file = folder / "compose.yaml"
        text = yaml.safe_dump(compose(self.declared, name, str(folder)))
        file.write_text(text, encoding="utf-8")
        command = ["docker", "stack", "deploy", "--resolve-image", "never", "-c", str(file), name]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def must_do(
        self, image: str, command: str, volumes: dict[str, str], **environment: str
    ) -> None:
        """Have a container beside the services do something, again until it works.

        Args:
            image: it runs.
            command: of the shell, in the application's folder.
            volumes: volume or file → where it is mounted.
            environment: of the command.
        """

        why: list[object] = []

        def done() -> bool:
            try:
                self.client.containers.run(
                    image,
                    ["sh", "-c", f"cd /app && {command}"],
                    network=f"{self.stack.name}_internal",
                    volumes={one: {"bind": at, "mode": "rw"} for one, at in volumes.items()},
                    environment=environment,
                    remove=True,
                )
            except (docker.errors.ContainerError, docker.errors.APIError) as error:
                why.append(error)
                return False
            return True

        wait_until(lambda: done() or len(why) == _TRIES, LIMIT_S, every_s=3)
        assert len(why) < _TRIES, why[-1]

    def must_serve(self) -> None:
        """Wait until every service has a task that runs."""
        wait_until(self._serves, LIMIT_S)

    def _serves(self) -> bool:
        tasks = [task for service in self._services() for task in service.tasks()]
        running = [one for one in tasks if one["Status"]["State"] == "running"]
        return len(running) == len(self._services()) > 0

    def _services(self) -> list[Any]:
        """All services, whether or not they know yet whose they are."""
        prefix = f"{self.stack.name}_"
        return [one for one in self.client.services.list() if one.name.startswith(prefix)]

    def tasks(self) -> dict[str, list[str]]:
        """Service → ids of its tasks that should run."""
        return {
            one.name: sorted(task["ID"] for task in one.tasks(filters={"desired-state": "running"}))
            for one in self._services()
        }

    def labels(self) -> set[str]:
        """Every label on any service."""
        return {label for one in self._services() for label in one.attrs["Spec"]["Labels"]}

    def has(self, service: str) -> bool:
        """Whether a service has a container."""
        return bool(self._containers(service))

    def tell(self, service: str, *command: str) -> str:
        """Run something in the container of a service."""
        (container,) = self._containers(service)
        return inside.tell(container, *command).decode().strip()

    def _containers(self, service: str) -> list[Any]:
        chosen: dict[str, Any] = {"label": f"com.docker.swarm.service.name={service}"}
        found: list[Any] = self.client.containers.list(filters=chosen)
        return found

    def take_away(self) -> None:
        """Remove what carries the docker stack's label, and what was made by hand."""
        for one in self._services():
            one.remove()
        chosen: dict[str, Any] = {"name": f"{self.stack.name}_"}
        wait_until(lambda: not self.client.containers.list(filters=chosen), 90)
        for kind in (self.client.secrets, self.client.volumes, self.client.networks):
            wait_until(lambda kind=kind: self._gone(kind), 90)  # type: ignore[misc]

    def _gone(self, kind: Any) -> bool:  # noqa: ANN401 - three kinds of one shape
        prefix = f"{self.stack.name}_"
        left = [one for one in kind.list() if str(one.name).startswith(prefix)]
        for one in left:
            eventually(one.remove, 60)
        return not left
