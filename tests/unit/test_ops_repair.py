"""Before an update the state is told what differs from it, and only what surely does."""

import pytest

from ops import repair
from ops.drift import Drift, Look, Unknown, looking
from ops.engine import Engine
from ops.errors import OpsError

STACK = "urn:pulumi:staging::estate"
SECRET = f"{STACK}::estate:apps:Tickets$docker:index/secret:Secret::env"
SERVICE = f"{STACK}::docker:index/service:Service::web"


def drift(field: str, urn: str) -> Drift:
    return Drift(
        resource=urn.rpartition("::")[2] or "x", field=field, declared="a", found="b", urn=urn
    )


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


def finding(
    monkeypatch: pytest.MonkeyPatch, *found: Drift, unknown: str = "", urn: str = ""
) -> None:
    unread = (Unknown(what=unknown, why="it does not answer", urn=urn),) if unknown else ()
    monkeypatch.setattr(looking, "look", lambda _: Look(found=found, unknown=unread))


def test_without_drift_the_state_is_not_written(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch)
    assert repair.notice_drift(engine) == []
    assert engine.asked == []


def test_only_what_differs_is_refreshed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, drift("labels", SERVICE), drift("taskSpec", SERVICE), drift("", SECRET))
    assert len(repair.notice_drift(engine)) == 3
    ((command, *flags),) = engine.asked
    assert command == "refresh"
    assert flags[-4:] == ["--target", SERVICE, "--target", SECRET]


def test_what_no_update_would_put_back_is_not_refreshed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, drift("health", ""))
    assert repair.notice_drift(engine) == []
    assert engine.asked == []


def test_what_could_not_be_looked_at_stops_it_all(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, drift("labels", SERVICE), unknown="zone example.com")
    with pytest.raises(OpsError, match=r"drift is unknown: zone example\.com: it does not answer"):
        repair.notice_drift(engine)
    assert engine.asked == []


def test_an_api_that_an_update_may_mend_is_left_to_the_update(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, unknown="npm-hosts", urn=f"{STACK}::estate:npm:ProxyHosts::npm-hosts")
    assert repair.notice_drift(engine) == []
    assert engine.asked[0][-1].endswith("ProxyHosts::npm-hosts")
