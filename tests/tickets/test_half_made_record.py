"""An engine that is killed between what it makes outside and what it records of that."""

import threading
from typing import Any

import pytest

from tests.faults.killing import bring_up, kill_when
from tests.tickets.life import ZONE, Life

pytestmark = pytest.mark.engine


def test_a_record_that_was_made_but_not_recorded_is_there_once_afterwards(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones, killed = life.dns.zones, threading.Event()
    records, create = zones.records[ZONE], zones.create
    names = sorted(one["name"] for one in records.values())
    zones.remove(ZONE, next(iter(records)))
    before = set(records)

    def create_and_never_tell(zone: str, body: dict[str, Any]) -> dict[str, Any]:
        made = create(zone, body)
        killed.wait(60)
        return made

    monkeypatch.setattr(zones, "create", create_and_never_tell)
    kill_when(life.stack, lambda: set(records) > before, "all")
    killed.set()
    monkeypatch.undo()
    (half_made,) = set(records) - before
    done = bring_up(life.stack)
    assert done.code == 0, done.output
    assert "what it was creating: " in done.output
    assert half_made not in records
    assert sorted(one["name"] for one in records.values()) == names
    assert life.stack.drift() == ()
