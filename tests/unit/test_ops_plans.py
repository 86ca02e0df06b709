"""The transactions in a state, and the names that people have for them."""

import json

import pytest

from ops import plans
from ops.applications import applications, named, some
from ops.errors import OpsError
from tests.unit.deployed import SECRET, command, deployed, engine, estate, plan_json, state


def test_only_a_transaction_that_went_through_counts() -> None:
    found = plans.read(
        state(
            command("release", plan_json("backup")),
            command("release", plan_json()),
            command("release", plan_json("backup", app="sistema")),
            command("convex-admin-key", "{}"),
        )
    )
    assert list(found) == ["crm"]
    assert found["crm"].plan.phases[-1].kind == "commit"
    assert found["crm"].secrets == {"hidden": [SECRET]}


def test_a_step_that_waits_for_its_removal_is_of_an_older_release() -> None:
    assert plans.read(state(command("release", plan_json(), delete=True))) == {}


def test_an_empty_state_has_no_transaction() -> None:
    assert plans.read({}) == {}
    assert plans.read({"deployment": {"resources": None}}) == {}


def test_a_plan_of_another_version_of_the_program_is_named_without_its_values() -> None:
    given = json.dumps({**json.loads(plan_json()), "unheard_of": SECRET})
    with pytest.raises(OpsError, match="another version of this program") as caught:
        plans.read(state(command("release", given)))
    assert SECRET not in str(caught.value)


def test_a_transaction_hides_its_secrets() -> None:
    assert deployed().context().redactor.hide(f"password {SECRET}") == "password ***"


def test_the_secrets_come_through_a_pipe_and_not_by_an_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plans, "estate_of", lambda _: estate())
    asked = engine(stack=json.dumps(state(command("release", plan_json()))))
    assert plans.chosen(asked, "crm").plan.app == "crm"
    assert asked.asked == [("stack", "export", "--show-secrets")]


def test_an_application_that_never_went_through_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "estate_of", lambda _: estate())
    with pytest.raises(OpsError, match="no release that went through on stack prod"):
        plans.chosen(engine(), "crm")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("crm", "crm-dev"),
        ("crm-dev", "crm-dev"),
        ("tickets", "sistema"),
        ("sistema", "sistema"),
        ("sistema-convex", "sistema-convex"),
        ("tickets-convex", "sistema-convex"),
    ],
)
def test_an_application_goes_by_its_name_and_by_its_key(name: str, found: str) -> None:
    assert named(estate(name="crm-dev"), name).name == found


def test_an_unknown_application_lists_the_known_ones() -> None:
    known = r"sistema \(tickets\), sistema-convex \(tickets.convex\), crm"
    with pytest.raises(OpsError, match=f"there is no application erp\n.*{known}"):
        named(estate(), "erp")
    with pytest.raises(OpsError, match="no application was named"):
        named(estate(), None)


def test_without_a_name_all_are_meant() -> None:
    assert some(estate(), None) == applications(estate())
    assert [one.key for one in some(estate(), "crm")] == ["crm"]


def test_an_application_without_backups_has_no_older_data() -> None:
    with pytest.raises(OpsError, match="makes no backups"):
        _ = deployed(backup=False).backup
