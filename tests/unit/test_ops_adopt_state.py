"""The state of an adopted stack, from the engine's plan and from what runs."""

from typing import Any

from ops.adopt_state import UNKNOWN, done, found, grown, planned, without_stack_marks
from ops.records import RECORD
from ops.running import NETWORK, SECRET, Key, Running

SERVICE = "docker:index/service:Service"
COMMAND = "command:local:Command"
CIPHER = {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:abc"}
EMPTY: dict[str, Any] = {"resources": []}


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::estate::{type_}::{name}"


ROOT = urn("pulumi:pulumi:Stack", "estate-prod")
PROVIDER = urn("pulumi:providers:docker", "vps")
NET, KEY, WEB = urn(NETWORK, "public"), urn(SECRET, "web_env_1"), urn(SERVICE, "sistema_web")
STEP = urn(COMMAND, "sistema-backup")


def goal(address: str, inputs: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    type_, name = address.split("::")[-2:]
    given = {"type": type_, "name": name, "custom": True, "parent": ROOT, **options}
    if type_.startswith("docker:"):
        given["provider"] = f"{PROVIDER}::{UNKNOWN}"
    expected = {**(inputs or {}), "made": UNKNOWN}
    return {
        "goal": {**given, "inputDiff": {"adds": inputs} if inputs else {}},
        "steps": ["create"],
        "state": expected,
    }


def plan(network: str = UNKNOWN) -> dict[str, Any]:
    """Return a plan as the engine saves it; services come first, by the alphabet."""
    task = {"networks": [{"id": network}]}
    return {
        "resourcePlans": {
            STEP: goal(STEP, {"create": "run"}, dependencies=[WEB]),
            WEB: goal(WEB, {"name": "sistema_web", "taskSpec": task}, dependencies=[NET, STEP]),
            NET: goal(NET, {"name": "public"}),
            KEY: goal(KEY, {"name": "web_env_1", "data": CIPHER}),
            PROVIDER: goal(PROVIDER, {"host": "unix:///run"}),
            ROOT: {
                "goal": {"type": "pulumi:pulumi:Stack", "name": "estate-prod", "custom": False},
                "steps": ["create"],
            },
        }
    }


def running(**ids: str) -> Running:
    kinds = {"public": NETWORK, "web_env_1": SECRET, "sistema_web": SERVICE}
    return Running({Key("vps", kinds[name], name): id_ for name, id_ in ids.items()}, {})


ALL = running(public="net-1", web_env_1="sec-1", sistema_web="svc-1")


def goals(whole: dict[str, Any]) -> dict[str, Any]:
    """Make a plan's goals what `planned` takes, also of components without inputs."""
    for one in whole["resourcePlans"].values():
        one["goal"].setdefault("inputDiff", {})
    return whole


def taken(whole: dict[str, Any], what: Running, state: dict[str, Any]) -> dict[str, Any]:
    return {one["urn"]: one for one in found(planned(goals(whole)), what, state)}


def test_what_runs_is_taken_under_its_own_id() -> None:
    first = taken(plan(), ALL, EMPTY)
    assert (first[NET]["id"], first[KEY]["id"]) == ("net-1", "sec-1")
    assert "id" not in first[ROOT]


def test_what_an_application_holds_is_read_by_the_provider_once_it_runs() -> None:
    variables = urn("estate:convex:Environment", "sistema-convex-env")
    sites = urn("estate:erp:Sites", "erp-sites")
    whole = plan()
    given = {"service": "sistema_web", "variables": {"A": CIPHER}}
    whole["resourcePlans"][variables] = goal(variables, given)
    bench = {"job": {"network": "erp_internal"}, "sites": {}}
    whole["resourcePlans"][sites] = goal(sites, bench)
    first = taken(whole, ALL, EMPTY)
    assert (first[variables]["id"], first[variables]["outputs"]) == ("sistema_web", given)
    assert sites not in first
    there = Running({Key("vps", NETWORK, "erp_internal"): "net-2"}, {})
    second = taken(whole, there, EMPTY)
    assert second[sites]["id"] == "erp_internal"
    assert variables not in second


def test_a_service_waits_until_what_it_stands_on_is_known() -> None:
    assert WEB not in taken(plan(), ALL, EMPTY)
    second = taken(plan(network="net-1"), ALL, EMPTY)
    assert second[WEB]["id"] == "svc-1"
    assert second[WEB]["inputs"]["taskSpec"] == {"networks": [{"id": "net-1"}]}


def test_what_does_not_run_is_left_to_the_update() -> None:
    first = taken(plan(network="net-1"), running(public="net-1"), EMPTY)
    assert NET in first
    assert not {WEB, KEY, STEP} & set(first)


def test_another_host_of_the_same_name_is_another_thing() -> None:
    other = Running({Key("worker", NETWORK, "public"): "net-9"}, {})
    assert NET not in taken(plan(), other, EMPTY)


def test_a_provider_is_made_once_and_named_by_what_it_serves() -> None:
    first = taken(plan(), ALL, EMPTY)
    id_ = first[PROVIDER]["id"]
    assert first[NET]["provider"] == f"{PROVIDER}::{id_}"
    whole = plan(network="net-1")
    del whole["resourcePlans"][PROVIDER]
    second = taken(whole, ALL, {"resources": list(first.values())})
    assert second[WEB]["provider"] == f"{PROVIDER}::{id_}"


def test_a_secret_stays_encrypted_and_what_nobody_knows_is_left_out() -> None:
    first = taken(plan(), ALL, EMPTY)
    assert first[KEY]["inputs"]["data"] == CIPHER
    assert first[KEY]["outputs"] == {"name": "web_env_1", "data": CIPHER}


def test_what_a_roll_back_or_a_person_needs_is_not_deleted_with_its_state() -> None:
    first = taken(plan(), ALL, EMPTY)
    assert first[KEY]["retainOnDelete"] is True
    assert first[NET]["retainOnDelete"] is False
    assert first[PROVIDER]["retainOnDelete"] is False


def test_what_the_state_has_already_is_not_taken_again() -> None:
    whole = plan()
    whole["resourcePlans"][NET]["steps"] = ["same"]
    assert NET not in taken(whole, ALL, EMPTY)


def test_everything_stands_after_what_it_needs_and_needs_only_what_is_there() -> None:
    new = list(taken(plan(network="net-1"), ALL, EMPTY).values())
    resources = grown(EMPTY, new)["resources"]
    order = [one["urn"] for one in resources]
    assert order.index(ROOT) < order.index(PROVIDER) < order.index(NET) < order.index(WEB)
    (web,) = [one for one in resources if one["urn"] == WEB]
    assert web["dependencies"] == [NET]  # the step is not there yet


def test_a_step_counts_as_carried_out_once_it_is_said_so() -> None:
    (step,) = done([one for one in planned(goals(plan())) if one.type == COMMAND], EMPTY)
    assert step["id"]
    assert step["outputs"] == {"create": "run", "stdout": "", "stderr": ""}


def test_marks_of_docker_stack_go_and_others_stay() -> None:
    labels = [
        {"label": "com.docker.stack.namespace", "value": "sistema"},
        {"label": "com.docker.stack.image", "value": "web"},
        {"label": "traefik.enable", "value": "true"},
    ]
    empty = {"credentialSpec": None, "seLinuxContext": None}
    task = {"containerSpec": {"image": "web", "privileges": empty}, "networks": []}
    read = {"labels": labels, "taskSpec": task, "__pulumi_raw_state_delta": [{"arr": {}}]}
    service = {"type": SERVICE, "inputs": {"labels": labels}, "outputs": read}
    network = {"type": NETWORK, "inputs": {"labels": labels}, "outputs": {"labels": labels}}
    after = without_stack_marks({"resources": [service, network]})["resources"]
    assert after[0]["inputs"] == {"labels": labels[2:]}
    assert after[0]["outputs"] == {
        "labels": labels[2:],
        "taskSpec": {"containerSpec": {"image": "web"}, "networks": []},
    }
    assert after[1] == network


def test_what_has_no_mark_of_docker_stack_stays_as_its_provider_has_read_it() -> None:
    given = {
        "labels": [],
        "taskSpec": {"containerSpec": {"privileges": {"seLinuxContext": {"disable": True}}}},
    }
    service = {
        "type": SERVICE,
        "inputs": given,
        "outputs": {**given, "__pulumi_raw_state_delta": 1},
    }
    assert without_stack_marks({"resources": [service]})["resources"] == [service]


def record(content: str) -> dict[str, Any]:
    given = {"zoneId": "zone", "name": "a.example.com", "type": "A", "content": content}
    return goals({"resourcePlans": {urn(RECORD, "a.example.com-A"): goal(urn(RECORD, "a"), given)}})


def ids_of(what: dict[Key, str], content: str = "192.0.2.1") -> list[str]:
    (one,) = planned(record(content))
    return list(one.ids(Running(what, {})))


EXACT = Key("zone", RECORD, "a.example.com/A/192.0.2.1")
ONLY = Key("zone", RECORD, "a.example.com/A")


def test_a_record_is_found_by_its_content_first() -> None:
    assert ids_of({ONLY: "", EXACT: "one"}) == ["one"]


def test_a_record_that_leads_elsewhere_is_the_same_if_it_is_the_only_one() -> None:
    assert ids_of({ONLY: "one"}) == ["one"]
    assert ids_of({ONLY: ""}) == []
