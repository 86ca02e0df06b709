"""An estate of `docker stack deploy` is taken over: nothing changes, and no task restarts."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from ops.adopt import take_in
from ops.drift import EXIT_DRIFT
from ops.errors import OpsError
from tests.adopt.compose import compose, contents
from tests.engine.stack import Stack, crm_config, eventually, stack, wait_until
from tests.unit.declared import declared_by

pytestmark = pytest.mark.engine

NAME, PORT = "adopt", 8290
NAMESPACE = "com.docker.stack.namespace"
KEPT = "create table kept (word text); insert into kept values ('still here')"
LIMIT_S = 300


class Running:
    """What `docker stack deploy` made, beside the stack that is to adopt it."""

    def __init__(self, it: Stack) -> None:
        self.stack = it
        self.client = it.docker

    def deploy(self, folder: Path) -> None:
        """Bring everything up from compose files, as the runbooks do."""
        declared = declared_by(self.stack.config, NAME)
        self.client.networks.create(f"{NAME}_public", driver="overlay", attachable=True)
        for volume in declared.of("Volume"):
            self.client.volumes.create(volume)
        for name, content in contents(declared).items():
            (folder / name).write_bytes(content)
        file = folder / "compose.yaml"
        file.write_text(yaml.safe_dump(compose(declared, NAME, str(folder))), encoding="utf-8")
        command = ["docker", "stack", "deploy", "--resolve-image", "never", "-c", str(file), NAME]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        (env,) = folder.glob("*_env_*")
        wait_until(lambda: self._migrated(env), LIMIT_S, every_s=3)
        wait_until(self._serves, LIMIT_S)

    def _migrated(self, env: Path) -> bool:
        """Bring the schema to what the image wants, as a person does once the database runs."""
        try:
            self.client.containers.run(
                self.stack.config["crm"]["image"],
                ["sh", "-c", "cd /app && exec npx prisma migrate deploy"],
                network=f"{NAME}_internal",
                volumes={str(env): {"bind": "/app/.env", "mode": "ro"}},
                remove=True,
            )
        except (docker.errors.ContainerError, docker.errors.APIError):
            return False
        return True

    def _serves(self) -> bool:
        tasks = [task for service in self._services() for task in service.tasks()]
        running = [one for one in tasks if one["Status"]["State"] == "running"]
        return len(running) == len(self._services()) > 0

    def _services(self) -> list[Any]:
        """All services, whether or not they know yet whose they are."""
        return [one for one in self.client.services.list() if one.name.startswith(f"{NAME}_")]

    def tasks(self) -> dict[str, list[str]]:
        """Service → ids of its tasks that should run."""
        return {
            one.name: sorted(task["ID"] for task in one.tasks(filters={"desired-state": "running"}))
            for one in self._services()
        }

    def labels(self) -> set[str]:
        """Every label on any service."""
        return {label for one in self._services() for label in one.attrs["Spec"]["Labels"]}

    def sql(self, text: str) -> str:
        """Have the database answer."""
        chosen: dict[str, Any] = {"label": f"com.docker.swarm.service.name={NAME}_postgres"}
        (container,) = self.client.containers.list(filters=chosen)
        command = ["psql", "-U", "crm_user", "-d", "crm_whatsapp_saas", "-Atc", text]
        code, output = container.exec_run(command)
        assert code == 0, output
        assert isinstance(output, bytes)
        return output.decode().strip()

    def take_away(self) -> None:
        """Remove what carries the docker stack's label, and what was made by hand."""
        for one in self._services():
            one.remove()
        chosen: dict[str, Any] = {"name": f"{NAME}_"}
        wait_until(lambda: not self.client.containers.list(filters=chosen), 90)
        for kind in (self.client.secrets, self.client.volumes, self.client.networks):
            wait_until(lambda kind=kind: self._gone(kind), 90)  # type: ignore[misc]

    def _gone(self, kind: Any) -> bool:  # noqa: ANN401 - three kinds of one shape
        left = [one for one in kind.list() if str(one.name).startswith(f"{NAME}_")]
        for one in left:
            eventually(one.remove, 60)
        return not left


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Edge and CRM under the names that a docker stack gives."""
    config = crm_config(NAME, port=PORT)
    config["crm"]["backend"]["name"] = f"{NAME}_backend"
    config["crm"]["postgres"]["name"] = f"{NAME}_postgres"
    with stack(tmp_path_factory.mktemp("adopt"), NAME, config) as it:
        made = Running(it)
        made.take_away()
        try:
            made.deploy(tmp_path_factory.mktemp("compose"))
            yield made
        finally:
            made.take_away()


def test_a_field_that_differs_is_named_with_what_it_would_cost(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    it, before = running.stack, running.tasks()
    it.set("crm.backend.memory_limit", "300M")
    assert take_in(it.engine, dry=True, force=True) == EXIT_DRIFT
    shown = capsys.readouterr().out
    (line,) = [one for one in shown.splitlines() if "memoryBytes" in one]
    assert line.split()[:2] == [f"{NAME}_backend", "taskSpec.resources.limits.memoryBytes"]
    assert line.split()[2:4] == ["300M", "256M"], shown
    assert line.endswith("restarts its task"), shown
    # What differs goes through a release: with a backup first, and a way back.
    assert f"{NAME}-backup, {NAME}-migrate" in shown
    assert it.config["crmSecrets"]["POSTGRES_PASSWORD"] not in shown
    assert it.state()["deployment"].get("resources") is None
    assert running.tasks() == before
    it.set("crm.backend.memory_limit", "256M")


def test_nobody_at_the_terminal_adopts_nothing(running: Running) -> None:
    with pytest.raises(OpsError, match="needs a confirmation"):
        take_in(running.stack.engine, dry=False, force=False)
    assert running.stack.state()["deployment"].get("resources") is None


def test_what_runs_is_adopted_without_a_change_and_without_a_restart(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    it, before = running.stack, running.tasks()
    running.sql(KEPT)
    assert len(before) == 6
    assert take_in(it.engine, dry=False, force=True) == 0
    assert "the first update changes nothing" in capsys.readouterr().out
    done = it.run("preview", "--expect-no-changes", "--diff")
    assert done.code == 0, done.output
    it.must_up()
    assert running.tasks() == before
    assert running.sql("select word from kept") == "still here"
    # `docker stack rm` would find nothing to remove any more.
    assert NAMESPACE not in running.labels()
    answer = it.get(f"api.{NAME}.localhost", "/api/health")
    assert answer.status_code == 200, answer.text
    assert it.drift() == ()


def test_what_is_adopted_already_is_left_alone(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    before = running.stack.state()["deployment"]["resources"]
    assert take_in(running.stack.engine, dry=False, force=False) == 0
    assert "nothing new to be imported" in capsys.readouterr().out
    assert running.stack.state()["deployment"]["resources"] == before
