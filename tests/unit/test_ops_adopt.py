"""When something is adopted, and in which order it is written down."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops import adopt
from ops.adopt import Adoption, take_in
from ops.adopt_report import Change
from ops.engine import Engine
from ops.errors import OpsError
from settings import DockerStack

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "docker:index/service:Service"
NETWORK = "docker:index/network:Network"
NEW = [
    {"type": SERVICE, "urn": "urn:pulumi:prod::estate::x::sistema_web", "id": "svc-1"},
    {"type": NETWORK, "urn": "urn:pulumi:prod::estate::x::public", "id": "net-1"},
]
LABELS = {"com.docker.stack.namespace": "sistema", "traefik.enable": "true"}


class Recorder(Engine):
    """An engine that writes down what it is asked."""

    def __init__(self, log: list[str], folder: Path) -> None:
        super().__init__("prod", environment={"PULUMI_BACKEND_URL": f"file://{folder}"})
        object.__setattr__(self, "log", log)

    log: list[str]

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del stdin, limit_s
        self.log.append(" ".join(arguments))
        return ""


class FakeSwarm:
    """A Swarm of one service."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.spec: dict[str, Any] = {"Name": "sistema_web", "Labels": LABELS, "TaskTemplate": {}}

    def service(self, id_: str) -> dict[str, Any] | None:
        return {"ID": id_, "Spec": self.spec} if id_ == "svc-1" else None

    def update_service(self, _service: object, spec: dict[str, Any]) -> None:
        self.log.append("labels off")
        self.spec = spec


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def swarm(log: list[str], monkeypatch: pytest.MonkeyPatch) -> FakeSwarm:
    made = FakeSwarm(log)
    monkeypatch.setattr(adopt, "estate_of", lambda _engine: None)
    monkeypatch.setattr(adopt, "look_up", lambda _estate: None)
    monkeypatch.setattr(adopt, "targets", lambda _engine: [None])
    monkeypatch.setattr(adopt, "connect", lambda _target, _context: nullcontext())
    monkeypatch.setattr(adopt, "Swarm", lambda _client: made)
    monkeypatch.setattr(adopt, "keep", lambda _engine: log.append("copy"))
    return made


def rehearsed(monkeypatch: pytest.MonkeyPatch, *changes: Change, new: Any = NEW) -> None:  # noqa: ANN401
    stacks = {"sistema_web": DockerStack(stack="sistema", alias="web")}
    made = Adoption({"version": 3}, new, list(changes), stacks)
    monkeypatch.setattr(adopt, "rehearse", lambda _engine, _running: made)


def test_the_state_is_written_last(
    swarm: FakeSwarm, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch)
    assert take_in(Recorder(log, tmp_path), dry=False, force=True) == 0
    assert log == [
        'config set --path --type string estate:adopted["sistema_web"].stack sistema',
        'config set --path --type string estate:adopted["sistema_web"].alias web',
        "labels off",
        "copy",
        "stack import",
    ]
    assert swarm.spec["Labels"] == {"traefik.enable": "true"}


def test_a_service_that_docker_stack_has_forgotten_is_not_touched_again(
    swarm: FakeSwarm, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch)
    swarm.spec = {**swarm.spec, "Labels": {"traefik.enable": "true"}}
    take_in(Recorder(log, tmp_path), dry=False, force=True)
    assert "labels off" not in log


@pytest.mark.parametrize(("changes", "code"), [((), 0), ((Change("a", SERVICE, "update"),), 7)])
def test_looking_writes_nothing_and_says_by_its_code_whether_something_differs(
    swarm: FakeSwarm,
    log: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: tuple[Change, ...],
    code: int,
) -> None:
    rehearsed(monkeypatch, *changes)
    assert take_in(Recorder(log, tmp_path), dry=True, force=True) == code
    assert (log, swarm.spec["Labels"]) == ([], LABELS)


def test_what_cannot_be_changed_stops_it_before_anything_is_written(
    swarm: FakeSwarm, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch, Change("public", NETWORK, "replace", "attachable", "true", "false"))
    with pytest.raises(OpsError, match="public cannot be changed"):
        take_in(Recorder(log, tmp_path), dry=False, force=True)
    assert (log, swarm.spec["Labels"]) == ([], LABELS)


def test_without_anything_new_nobody_is_asked(
    swarm: FakeSwarm, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed(monkeypatch, new=[])
    assert take_in(Recorder(log, tmp_path), dry=False, force=False) == 0
    assert (log, swarm.spec["Labels"]) == ([], LABELS)


def test_a_component_in_which_anything_would_change_has_its_steps_carried_out() -> None:
    steps: list[Mapping[str, Any]] = [
        {"op": "same", "urn": "a::x", "newState": {"parent": "crm"}},
        {"op": "update", "urn": "a::y", "newState": {"parent": "tickets"}},
        {"op": "create", "urn": "a::command:local:Command::z", "newState": {"parent": "crm"}},
    ]
    quiet = adopt._quiet(steps)
    assert quiet({"parent": "crm"})
    assert not quiet({"parent": "tickets"})
