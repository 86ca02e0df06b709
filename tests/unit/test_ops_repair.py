"""Before the state is told that something is gone, the host is asked once more."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

from ops import repair
from ops.drift import Drift
from ops.engine import Engine
from ops.errors import OpsError

STACK = "urn:pulumi:staging::estate"
SECRET = f"{STACK}::estate:apps:Tickets$docker:index/secret:Secret::env"
SERVICE = f"{STACK}::docker:index/service:Service::web"


def gone(urn: str, id_: str) -> Drift:
    return Drift(urn.rpartition("::")[2], "", "that it exists", "nothing", urn, id_)


class FakeEngine(Engine):
    """Keeps what it is asked."""

    asked: list[tuple[str, ...]]

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del stdin, limit_s
        self.asked.append(arguments)
        return ""


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine("staging", environment={})
    object.__setattr__(made, "asked", [])
    return made


@pytest.fixture
def there() -> set[str]:
    """Ids of the secrets and networks that the host has."""
    return set()


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, there: set[str]) -> None:
    def get(id_: str) -> str:
        if id_ not in there:
            raise docker.errors.NotFound("no such object")
        return id_

    @contextmanager
    def connect(*_: object) -> Iterator[Any]:
        objects = SimpleNamespace(get=get)
        yield SimpleNamespace(secrets=objects, networks=objects, configs=objects)

    monkeypatch.setattr(repair, "connect", connect)
    monkeypatch.setattr(repair, "targets", lambda _: ["host"])


def finding(monkeypatch: pytest.MonkeyPatch, *found: Drift) -> None:
    monkeypatch.setattr(repair, "look", lambda _: list(found))


def test_without_drift_the_state_is_not_written(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch)
    assert repair.notice_drift(engine) == []
    assert engine.asked == []


def test_only_what_differs_is_refreshed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(
        monkeypatch,
        Drift("web", "labels", "a", "b", SERVICE),
        Drift("web", "taskSpec", "a", "b", SERVICE),
    )
    repair.notice_drift(engine)
    ((command, *flags),) = engine.asked
    assert command == "refresh"
    assert flags[-2:] == ["--target", SERVICE]
    assert flags.count("--target") == 1


def test_a_secret_that_is_really_gone_is_noticed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, gone(SECRET, "k1"))
    assert [one.id for one in repair.notice_drift(engine)] == ["k1"]
    assert SECRET in engine.asked[0]


def test_a_secret_that_only_could_not_be_seen_stops_it_all(
    engine: FakeEngine, there: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there.add("k1")
    finding(monkeypatch, gone(SECRET, "k1"), gone(SERVICE, "s1"))
    with pytest.raises(OpsError, match="env was reported as gone, but it is there"):
        repair.notice_drift(engine)
    assert engine.asked == []
