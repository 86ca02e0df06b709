"""An estate of `docker stack deploy` is taken over: nothing changes, and no task restarts."""

from collections.abc import Iterator

import pytest

from ops.adopt import take_in
from ops.drift import EXIT_DRIFT
from ops.errors import OpsError
from tests.adopt.running import Running
from tests.engine.stack import crm_config, stack

pytestmark = [pytest.mark.engine, pytest.mark.long]

NAME, PORT = "adopt", 8290
NAMESPACE = "com.docker.stack.namespace"
KEPT = "create table kept (word text); insert into kept values ('still here')"


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
            folder = tmp_path_factory.mktemp("compose")
            made.deploy(folder)
            (env,) = folder.glob("*_env_*")
            migrate = "exec npx prisma migrate deploy"
            made.must_do(config["crm"]["image"], migrate, {str(env): "/app/.env"})
            made.must_serve()
            yield made
        finally:
            made.take_away()


def sql(running: Running, text: str) -> str:
    """Have the database answer."""
    command = ["psql", "-U", "crm_user", "-d", "crm_whatsapp_saas", "-Atc", text]
    return running.tell(f"{NAME}_postgres", *command)


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
    sql(running, KEPT)
    assert len(before) == 4
    assert take_in(it.engine, dry=False, force=True) == 0
    assert "the first update changes nothing" in capsys.readouterr().out
    done = it.run("preview", "--expect-no-changes", "--diff")
    assert done.code == 0, done.output
    it.must_up()
    assert running.tasks() == before
    assert sql(running, "select word from kept") == "still here"
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


def test_what_is_adopted_is_released_like_everything_else(running: Running) -> None:
    it = running.stack
    it.set("crm.backend.memory_limit", "300M")
    it.must_up()
    before = running.tasks()
    assert sql(running, "select word from kept") == "still here"
    done = it.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.output
    assert running.tasks() == before
    assert it.drift() == ()
