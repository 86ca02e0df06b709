"""What a change of a service adds goes again on the way back."""

import pytest

from steps.context import Context
from steps.release.change import Change
from tests.unit.release_swarm import MemorySwarm, StillClock


@pytest.mark.parametrize("added", ["label", "mount"])
def test_going_back_takes_away_what_only_the_new_release_had(added: str) -> None:
    swarm = MemorySwarm()
    swarm.place("app", "app@sha256:same")
    change = Change(swarm, "app", Context(clock=StillClock()))
    found = change.current()
    assert found is not None
    before, new = found["Spec"], (change.current() or {})["Spec"]
    if added == "label":
        new["Labels"]["traefik.http.routers.app.middlewares"] = "wrong"
    else:
        new["TaskTemplate"]["ContainerSpec"]["Mounts"] = [{"Source": "x", "Target": "/x"}]
    change.to(new, patience_s=1)
    change.to(before, patience_s=1)
    assert swarm.services["app"]["Spec"] == before
