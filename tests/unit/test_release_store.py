"""The journal in the Swarm: its versions, who may write the next, and what is never lost."""

from __future__ import annotations

import base64
import json
import time

import pytest
from pydantic import ValidationError

from steps.errors import ReleaseError
from steps.release import store as module
from steps.release.journal import (
    HISTORY,
    Attempt,
    Holder,
    Journal,
    Record,
    Result,
    Version,
    holder,
    me,
    recorded,
)
from steps.release.store import LABEL, STALE_S, Store, is_fresh
from tests.unit.release_swarm import MemorySwarm, spec

VERSION = Version(release="r1", image="app@sha256:new")
ATTEMPT = Attempt(version=VERSION, mode="offline", started=time.time(), by="ana@laptop")


@pytest.fixture
def swarm() -> MemorySwarm:
    return MemorySwarm()


def record(number: int = 1) -> Record:
    return Record(
        version=Version(release=f"r{number}", image="app@sha256:new"),
        result=Result.RELEASED,
        at="2026-11-22T10:00:00Z",
        by="ana@laptop",
        mode="online",
        seconds=1.0,
    )


def test_an_application_without_a_journal_begins_with_an_empty_one(swarm: MemorySwarm) -> None:
    assert Store(swarm, "crm").journal == Journal()
    assert swarm.kept == {}


def test_everything_that_was_written_is_read_by_the_next_process(swarm: MemorySwarm) -> None:
    attempt = ATTEMPT.model_copy(
        update={
            "done": ("backup", "migrate"),
            "before": spec("crm-backend", "app@sha256:old"),
            "writers": {"crm-cron": spec("crm-cron", "cron")},
            "backups": {"database": "f1"},
            "dirty": ("migrate",),
            "touched": True,
            "holder": holder(),
        }
    )
    written = Store(swarm, "crm").write(
        attempt=attempt, serving=VERSION, phases=("backup",), history=(record(),)
    )
    assert written.attempt == attempt
    assert Store(swarm, "crm").journal == written


def test_each_version_is_a_config_of_its_own_and_the_last_two_stay(swarm: MemorySwarm) -> None:
    store = Store(swarm, "crm")
    for number in range(1, 13):
        assert store.write(phases=(str(number),)).number == number
    assert sorted(swarm.kept) == ["crm_journal_000011", "crm_journal_000012"]
    assert Store(swarm, "crm").journal.phases == ("12",)


def test_a_config_carries_the_label_of_its_application_and_those_it_is_given(
    swarm: MemorySwarm,
) -> None:
    Store(swarm, "crm", labels={"estate.stack": "prod"}).write(phases=("a",))
    (made,) = swarm.kept.values()
    assert made["Spec"]["Labels"] == {LABEL: "crm", "estate.stack": "prod"}


def test_journals_of_two_applications_do_not_meet(swarm: MemorySwarm) -> None:
    Store(swarm, "crm").write(phases=("a",))
    Store(swarm, "crm-dev").write(phases=("b",))
    assert Store(swarm, "crm").journal.phases == ("a",)
    assert Store(swarm, "crm-dev").journal.phases == ("b",)


def test_a_process_far_behind_is_refused_though_its_number_is_free_again(
    swarm: MemorySwarm,
) -> None:
    late, quick = Store(swarm, "crm"), Store(swarm, "crm")
    for number in range(5):
        quick.write(phases=(str(number),))
    with pytest.raises(ReleaseError) as caught:
        late.write(phases=("late",))
    assert "somebody else" in caught.value.what
    assert Store(swarm, "crm").journal.phases == ("4",)
    assert quick.write(phases=("next",)).number == 6
    assert "crm_journal_000001" not in swarm.kept


def test_a_process_that_was_refused_reads_again_and_goes_on(swarm: MemorySwarm) -> None:
    first, second = Store(swarm, "crm"), Store(swarm, "crm")
    first.write(phases=("a",))
    with pytest.raises(ReleaseError):
        second.write(phases=("b",))
    second.reload()
    assert second.write(history=(record(),)).phases == ("a",)


def test_progress_belongs_to_this_process_and_closing_ends_it(swarm: MemorySwarm) -> None:
    store = Store(swarm, "crm")
    with pytest.raises(LookupError, match="no release of crm"):
        store.progress(done=("backup",))
    store.write(attempt=ATTEMPT)
    changed = store.progress(done=("backup",))
    assert changed.done == ("backup",)
    assert changed.holder is not None
    assert f"{changed.holder.user}@{changed.holder.host}" == me()
    store.close(record(), serving=VERSION, phases=("backup",))
    read = Store(swarm, "crm").journal
    assert (read.attempt, read.serving, read.phases) == (None, VERSION, ("backup",))
    assert read.history == (record(),)


def test_old_records_make_room_for_long_ones(swarm: MemorySwarm) -> None:
    store = Store(swarm, "crm")
    long = tuple(record(number).model_copy(update={"why": "x" * 4000}) for number in range(199))
    store.write(attempt=ATTEMPT, history=long)
    store.close(record(200))
    newest = swarm.kept[max(swarm.kept)]["Spec"]["Data"]
    assert len(base64.b64decode(newest)) < 500 * 1024
    kept = [one.version.release for one in Store(swarm, "crm").journal.history]
    assert kept[-2:] == ["r198", "r200"]
    assert 50 < len(kept) < 100


def test_the_newest_records_are_kept_and_a_whole_journal_fits_into_a_config(
    swarm: MemorySwarm,
) -> None:
    store = Store(swarm, "crm")
    full = tuple(
        record(number).model_copy(update={"why": "x" * 300, "now": "y" * 200})
        for number in range(HISTORY)
    )
    store.write(attempt=ATTEMPT, history=full)
    store.close(record(HISTORY))
    read = Store(swarm, "crm").journal
    assert len(read.history) == HISTORY
    assert read.history[-1].version.release == f"r{HISTORY}"
    assert read.history[0].version.release == "r1"
    newest = max(swarm.kept)
    assert len(base64.b64decode(swarm.kept[newest]["Spec"]["Data"])) < 500 * 1024


def test_a_process_shows_that_it_is_at_work_until_the_next_phase_can_begin(
    swarm: MemorySwarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    store = Store(swarm, "crm")
    store.write(attempt=ATTEMPT)
    with store.held():
        until = time.monotonic() + 10
        while store.attempt.holder is None and time.monotonic() < until:
            time.sleep(0.01)
        first = store.attempt.holder
        assert first is not None
        while store.attempt.holder == first and time.monotonic() < until:
            time.sleep(0.01)
        later = store.attempt.holder
        assert later is not None
        assert later.touched > first.touched
    # The next phase is another process, a moment later.
    last = Store(swarm, "crm").attempt.holder
    assert last is not None
    assert is_fresh(last)


def test_a_process_that_fails_lets_go_of_the_release_too(swarm: MemorySwarm) -> None:
    store = Store(swarm, "crm")
    store.write(attempt=ATTEMPT)

    def fail() -> None:
        with store.held():
            store.progress(done=("backup",))
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert Store(swarm, "crm").attempt == ATTEMPT.model_copy(update={"done": ("backup",)})


def test_a_release_that_ended_meanwhile_is_not_opened_again(swarm: MemorySwarm) -> None:
    store = Store(swarm, "crm")
    store.write(attempt=ATTEMPT)
    with store.held():
        store.close(record())
    assert Store(swarm, "crm").journal.attempt is None
    assert Store(swarm, "crm").journal.number == 2


def test_a_sign_of_life_grows_old() -> None:
    def seen(seconds_ago: float) -> Holder:
        return Holder(user="ana", host="laptop", pid=7, touched=time.time() - seconds_ago)

    assert is_fresh(seen(0))
    assert is_fresh(seen(STALE_S - 5))
    assert not is_fresh(seen(STALE_S + 5))


def test_a_key_of_a_later_program_is_refused_and_not_lost(swarm: MemorySwarm) -> None:
    text = json.dumps({**Journal(number=1).model_dump(), "later": True})
    swarm.create_config("crm_journal_000001", text.encode(), {LABEL: "crm"})
    with pytest.raises(ValidationError, match="later"):
        Store(swarm, "crm")
    assert sorted(swarm.kept) == ["crm_journal_000001"]


def test_a_record_says_what_failed_why_and_what_is_in_place() -> None:
    attempt = ATTEMPT.model_copy(
        update={
            "failed": "migrate",
            "why": "P3018",
            "backups": {"database": "f1"},
            "started": time.time(),
        }
    )
    made = recorded(attempt, Result.RECOVERED, now="the old one serves", todo="mend it")
    assert (made.version, made.result, made.step, made.why) == (
        *(VERSION, Result.RECOVERED),
        *("migrate", "P3018"),
    )
    assert (made.by, made.mode, made.backups) == ("ana@laptop", "offline", {"database": "f1"})
    assert (made.now, made.todo) == ("the old one serves", "mend it")
    assert 0 <= made.seconds < 60
    assert made.at.endswith("Z")
    assert Record.model_validate_json(made.model_dump_json()) == made


def test_labels_of_what_was_written_before_stay() -> None:
    swarm = MemorySwarm()
    Store(swarm, "crm", labels={"estate.stack": "prod"}).write(phases=("backup",))
    Store(swarm, "crm").write(phases=("backup", "migrate"))
    newest = max(swarm.kept.values(), key=lambda one: str(one["Spec"]["Name"]))
    assert newest["Spec"]["Labels"] == {"estate.stack": "prod", LABEL: "crm"}


def test_a_sign_of_life_that_does_not_get_through_does_no_harm() -> None:
    swarm = MemorySwarm()
    store = Store(swarm, "crm")
    store.write(attempt=ATTEMPT)
    with store.held():
        swarm.unreachable = 10**6
    swarm.unreachable = 0
    store.reload()
    store.write(phases=("backup",))
    assert Store(swarm, "crm").journal.phases == ("backup",)
