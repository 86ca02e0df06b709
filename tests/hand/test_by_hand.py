"""What a person does by hand to a CRM that serves: back to a release, back to older data.

Each test starts where the one before has left the stack, because an update takes most of the time.
"""

import json
import os
import re
import signal

import pytest

from tests.engine.processes import descendants
from tests.engine.stack import wait_until
from tests.faults.canaries import search
from tests.hand.crm_by_hand import APP, NAME, Hand

pytestmark = pytest.mark.engine

NO_PREVIOUS = 9


def test_without_a_previous_release_there_is_nothing_to_go_back_to(hand: Hand) -> None:
    before = hand.seen()
    done = hand.ops.run("rollback", *APP, "--force")
    assert done.code == NO_PREVIOUS
    assert f"{NAME} has no previous release" in done.error
    assert "nothing was changed" in done.error
    assert hand.seen() == before


def test_a_dry_rollback_says_what_would_happen_and_changes_nothing(hand: Hand) -> None:
    early = os.urandom(100_000)
    hand.early = (hand.visitor.send(early), early)
    hand.under_first = hand.visitor.write(*(f"under the first {n}" for n in range(5)))
    hand.crm.must_serve("second")
    hand.under_second = hand.visitor.write(*(f"under the second {n}" for n in range(3)))
    before = hand.seen()
    image_only = hand.ops.must("rollback", *APP, "--dry").out
    assert f"now       {hand.second}" in image_only
    assert f"then      {hand.first}" in image_only
    assert "kept as it is" in image_only
    with_data = hand.ops.must("rollback", *APP, "--data", "--dry").out
    (copy,) = hand.copies("database")
    assert f"database  from {copy['file']}" in with_data
    assert copy["tables"]["public.messages"] == 5
    assert f"lost      everything written since {copy['created']}" in with_data
    unanswered = hand.ops.run("rollback", *APP)
    assert unanswered.code == 1
    assert "needs a confirmation; nothing was changed" in unanswered.error
    assert hand.seen() == before


def test_a_rollback_brings_the_old_image_back_and_keeps_every_row(hand: Hand) -> None:
    done = hand.ops.must("rollback", *APP, "--force")
    assert "seen from outside" in done.out
    assert hand.crm.build() == "demo"
    assert hand.first in hand.text
    assert hand.second not in hand.text
    assert hand.messages == hand.under_first + hand.under_second
    assert hand.crm.journal()["serving"]["image"] == hand.first
    assert hand.history[-1]["result"] == "released"
    assert hand.history[-1]["version"]["image"] == hand.first
    hand.must_be_settled()


def test_a_rollback_with_data_keeps_what_was_written_since_in_the_replaced_database(
    hand: Hand,
) -> None:
    late = os.urandom(70_000)
    hand.after = hand.visitor.write("after 0", "after 1")
    hand.late = (hand.visitor.send(late), late)
    assert hand.replaced == []
    hand.ops.must("rollback", *APP, "--data", "--force")
    assert hand.crm.build() == "second"
    assert hand.second in hand.text
    assert hand.messages == hand.under_first + hand.under_second
    (kept,) = hand.replaced
    assert hand.messages_in(kept) == hand.under_first + hand.under_second + hand.after
    assert hand.visitor.fetch(hand.early[0]) == hand.early[1]
    assert hand.visitor.fetch(hand.late[0]) is None
    assert hand.history[-1]["version"]["image"] == hand.second
    hand.must_be_settled()


@pytest.mark.long
def test_a_restore_of_the_newest_copy_brings_back_what_the_rollback_took(hand: Hand) -> None:
    tasks = hand.crm.stack.tasks()
    done = hand.ops.must("restore", *APP, "--from", "latest", "--force")
    assert "database: " in done.out
    assert hand.messages == hand.under_first + hand.under_second + hand.after
    assert hand.visitor.fetch(hand.late[0]) == hand.late[1]
    assert hand.crm.build() == "second"
    assert hand.history[-1]["result"] == "restored"
    assert hand.crm.stack.tasks()[f"{NAME}-postgres"] == tasks[f"{NAME}-postgres"]
    hand.must_be_settled()


def test_a_restore_of_an_older_copy_has_exactly_its_rows(hand: Hand) -> None:
    before, oldest = hand.messages, hand.copies("database")[0]
    assert oldest["tables"]["public.messages"] == len(hand.under_first)
    shown = hand.ops.must("restore", *APP, "--from", oldest["file"], "--dry").out
    assert f"database  from {oldest['file']}" in shown
    assert hand.messages == before
    hand.ops.must("restore", *APP, "--from", oldest["file"], "--force")
    assert hand.messages == hand.under_first
    assert hand.visitor.fetch(hand.early[0]) == hand.early[1]
    assert hand.visitor.fetch(hand.late[0]) is None
    assert hand.copies("database")[0] == oldest
    # Of what was replaced the newest two are kept.
    replaced = [len(hand.messages_in(one)) for one in hand.replaced]
    assert sorted(replaced) == [8, 10]


def test_a_restore_that_is_not_meant_clearly_does_nothing(hand: Hand) -> None:
    before = hand.seen()
    for options, message in (
        (("--from", "of-nobody.dump", "--force"), "there is no proven copy of-nobody.dump"),
        (("--force",), "no copy was named; nothing was changed"),
        (("--from", "latest"), "needs a confirmation; nothing was changed"),
    ):
        done = hand.ops.run("restore", *APP, *options)
        assert done.code == 1
        assert message in done.error
    assert hand.seen() == before


def test_a_restore_that_is_killed_is_taken_back_by_the_next_up(hand: Hand) -> None:
    before, known = hand.messages, set(hand.replaced)
    newest = hand.copies("database")[-1]["tables"]["public.messages"]
    assert before == hand.under_first
    assert newest > len(before)
    with hand.ops.starting("restore", *APP, "--from", "latest", "--force") as restoring:
        wait_until(lambda: not set(hand.replaced) <= known, 180, every_s=0.1)
        for pid in (restoring.pid, *descendants(restoring.pid)):
            os.kill(pid, signal.SIGKILL)
    assert hand.crm.attempt() is not None
    assert hand.crm.container("backend") is None
    assert len(hand.messages) == newest
    done = hand.ops.must("up")
    assert "it answers at:" in done.out
    assert hand.messages == before
    assert hand.visitor.fetch(hand.early[0]) == hand.early[1]
    assert hand.visitor.fetch(hand.late[0]) is None
    assert hand.crm.build() == "second"
    assert hand.history[-1]["result"] == "recovered"
    assert "killed" in hand.history[-1]["why"]
    hand.must_be_settled()


@pytest.mark.long
def test_a_rollback_whose_update_fails_leaves_release_data_and_stack_file(hand: Hand) -> None:
    config = hand.crm.stack.engine
    config.ask("config", "set", "--path", "estate:crm.seed", "echo not today >&2; exit 1")
    text = hand.text
    done = hand.ops.run("rollback", *APP, "--data", "--force")
    assert done.code not in {0, NO_PREVIOUS}
    assert (
        f"the rollback of {NAME} to {hand.history[0]['version']['release']} failed: recovered"
        in (done.error)
    )
    assert "not today" in done.error
    assert "the stack file is as it was" in done.error
    assert hand.text == text
    assert hand.crm.build() == "second"
    assert hand.messages == hand.under_first
    assert hand.crm.attempt() is None
    config.ask("config", "set", "--path", "estate:crm.seed", "npm run seed")
    hand.ops.must("up")
    assert hand.crm.build() == "second"
    assert hand.messages == hand.under_first
    hand.must_be_settled()


def test_the_lists_tell_what_happened(hand: Hand) -> None:
    told = [(one["version"]["image"], one["result"]) for one in hand.history]
    shown = json.loads(hand.ops.must("releases", *APP, "--json").out)[NAME]
    assert [(one["version"]["image"], one["result"]) for one in shown["history"]] == told
    assert shown["serving"]["image"] == hand.second
    assert shown["under_way"] is None
    results = [result for _, result in told]
    assert results[:5] == ["released", "released", "released", "released", "restored"]
    assert "recovered" in results
    table = hand.ops.must("releases").out
    rows = [line.split() for line in table.splitlines() if line.startswith(f"{NAME} ")]
    assert [row[4] for row in rows] == [result for _, result in told]
    copies = json.loads(hand.ops.must("backups", *APP, "--json").out)[NAME]
    assert {one["source"] for one in copies} == {"database", "uploads", "logs"}
    listed = hand.ops.must("backups", *APP).out
    for one in copies:
        assert re.search(f"^{NAME} +{one['source']} +{one['file']} ", listed, re.MULTILINE)
    # The table has room for the newest proof of each kind.
    for proof in {one["kind"]: one["proof"] for one in copies}.values():
        assert proof in listed


def test_no_operation_has_shown_a_secret(hand: Hand) -> None:
    # A secret is planted in three places, and each search would find it.
    assert {name.rpartition(".")[2] for name in hand.crm.secrets} == {
        *("POSTGRES_PASSWORD", "JWT_SECRET", "RESTIC_PASSWORD"),
    }
    said = [(f"output {n}", (one.out + one.error).encode()) for n, one in enumerate(hand.ops.said)]
    assert len(said) > 15
    assert search(said, hand.crm.secrets) == []
    planted = next(iter(hand.crm.secrets.values()))
    assert search([("planted", planted.encode())], hand.crm.secrets)
