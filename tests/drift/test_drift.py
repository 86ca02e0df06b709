"""Changes by hand are found and named, looking writes nothing, one `make up` undoes them."""

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.cloudflare.api import Cloudflare
from ops.drift import Drift, Look, look
from ops.drift.finding import GONE
from ops.up import bring_up
from tests.drift.by_hand import (
    CHANGES,
    CONSEQUENCES,
    DATABASE,
    EDGE,
    PAUSE,
    Change,
    docker,
    remove_strangers,
)
from tests.drift.conftest import NAME, PORT, TOKEN, ZONE
from tests.engine.operations import Done, Operations
from tests.engine.stack import Stack, images, wait_until

pytestmark = pytest.mark.engine

CHECKS = 20
SERVICES = sorted({change.service for change in CHANGES.values()})
RECORDS = f"/client/v4/zones/{ZONE}/dns_records"


def world(estate: Stack) -> dict[str, Any]:
    """Everything that a drift check could write to, with the versions that Swarm counts."""
    api: Any = estate.docker.api
    listed = [*api.services(), *api.secrets(), *api.configs()]
    ours = [one for one in listed if one["Spec"]["Name"].startswith("q")]
    state = sorted(path for path in (estate.folder / "state").rglob("*") if path.is_file())
    return {
        "state": {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in state},
        "stack file": estate.file.read_bytes(),
        "objects": {one["ID"]: one["Version"]["Index"] for one in ours},
        "networks": {one["Id"] for one in api.networks() if one["Name"].startswith("q")},
        "volumes": {one["Name"] for one in api.volumes()["Volumes"] if one["Name"][0] == "q"},
        "containers": {
            one["Id"] for one in api.containers(all=True) if one["Names"][0].startswith("/q")
        },
    }


def of(seen: Look, resource: str) -> dict[str, Drift]:
    return {one.field: one for one in seen.found if one.resource == resource}


def test_twenty_looks_at_an_untouched_estate_raise_no_alarm_and_write_nothing(
    estate: Stack,
) -> None:
    # A first update ends when its tasks serve; what they replaced leaves a moment later.
    wait_until(lambda: all(len(tasks) == 1 for tasks in estate.tasks().values()), 60)
    before = world(estate)
    for _ in range(CHECKS):
        seen = look(estate.engine)
        assert seen.found == ()
        assert seen.unknown == ()
        assert seen.compared > 10
    assert world(estate) == before
    assert before["objects"]


@pytest.fixture(scope="module")
def crowded(estate: Stack, cloudflare: Cloudflare) -> Look:
    """A look while there are things that nobody declared, and a task that is stuck."""
    tools = images()["tools"]
    node = docker("info", "--format", "{{.Name}}")
    stuck = docker("ps", "-q", "-f", f"label=com.docker.swarm.service.name={NAME}_edge_docker")
    with ExitStack() as held:
        held.callback(remove_strangers, estate)
        docker("network", "create", "--driver=overlay", "qside")
        docker("secret", "create", "qkey", "-", stdin="qcanary")
        docker("config", "create", "qconf", "-", stdin="x")
        docker("volume", "create", f"{NAME}_planted")
        docker("node", "update", "--label-add=qzone=a", node)
        container = ["run", "-d", "--name=qshell", f"-p=127.0.0.1:{PORT + 2}:80", tools]
        docker(*container, "sleep", "600")
        publish = f"--publish=mode=host,target=80,published={PORT + 3}"
        service = ["create", "--detach", "--name=qminer", publish, "--endpoint-mode=dnsrr", tools]
        docker("service", *service, "sleep", "600")
        record = {"type": "TXT", "name": f"q.{NAME}.localhost", "content": "x"}
        made = cloudflare.zones.create(ZONE, record)
        held.callback(cloudflare.zones.remove, ZONE, str(made["id"]))
        docker("pause", stuck)
        held.callback(docker, "unpause", stuck)
        return look(estate.engine)


def test_what_nobody_declared_is_found_and_what_is_stuck_too(crowded: Look) -> None:
    node = docker("info", "--format", "{{.Name}}")
    found = {one.resource: one.found for one in crowded.found}
    assert set(found) == {
        *("network:qside", "secret:qkey", "config:qconf", f"volume:{NAME}_planted"),
        *(f"node-label:{node} qzone", "container:qshell", f"port:{PORT + 2}/tcp"),
        *("service:qminer", f"port:{PORT + 3}/tcp", f"record:TXT q.{NAME}.localhost"),
        f"{NAME}_edge_docker",
    }
    assert found[f"port:{PORT + 2}/tcp"] == "published by container qshell on 127.0.0.1"
    assert {field: one.found for field, one in of(crowded, f"{NAME}_edge_docker").items()} == {
        "health": "paused"
    }
    assert not any(one.urn for one in crowded.found)


@dataclass(frozen=True)
class Damage:
    """A damaged estate that was looked at.

    Attributes:
        seen: by the check.
        told: what a person gets who runs it.
        before: what it could have written to.
        after: the same afterwards.
    """

    seen: Look
    told: Done
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def damage(estate: Stack, cloudflare: Cloudflare, crowded: Look) -> Damage:
    """All changes at once, then two looks; the last test on it puts everything back."""
    assert crowded
    backend = estate.docker.services.get(f"{NAME}-backend")
    (secret,) = backend.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    names = {"stack": NAME, "env": secret["SecretName"], "tools": images()["tools"]}
    for service in SERVICES:
        mine = [change for change in CHANGES.values() if change.service == service]
        options = [option.format(**names) for change in mine for option in change.options]
        docker("service", "update", "--detach", PAUSE, *options, NAME + service)
    docker("service", "rm", NAME + EDGE)
    (record,) = cloudflare.zones.records[ZONE].values()
    content = json.dumps({"content": "203.0.113.66", "comment": "mine"}).encode()
    cloudflare.answer("PATCH", f"{RECORDS}/{record['id']}", TOKEN, content)
    before = world(estate)
    seen = look(estate.engine)
    told = Operations(estate).run("drift", "--json")
    after = world(estate)
    # Swarm itself goes on with the updates meanwhile, and that counts as another version.
    for one in (before, after):
        one["objects"] = set(one["objects"])
        one.pop("containers")
    return Damage(seen, told, before, after)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_by_hand_is_found_and_its_field_named(damage: Damage, change: Change) -> None:
    found = of(damage.seen, NAME + change.service)
    assert change.field in found, found
    one = found[change.field]
    assert change.found in one.found
    assert one.since
    assert one.urn


def test_a_removed_service_is_found(damage: Damage) -> None:
    assert [one.found for one in of(damage.seen, NAME + EDGE).values()] == [GONE]


def test_a_changed_record_is_found(damage: Damage) -> None:
    found = of(damage.seen, f"api.{NAME}.localhost-A")
    assert {field: one.found for field, one in found.items()} == {
        "content": '"203.0.113.66"',
        "comment": '"mine"',
    }


def test_nothing_is_reported_that_nobody_changed(damage: Damage) -> None:
    assert {one.resource for one in damage.seen.found} == {
        f"api.{NAME}.localhost-A",
        NAME + EDGE,
        *(NAME + service for service in SERVICES),
    }
    for service in SERVICES:
        mine = {change.field for change in CHANGES.values() if change.service == service}
        assert set(of(damage.seen, NAME + service)) <= mine | CONSEQUENCES


def test_looking_at_a_damaged_estate_writes_nothing(damage: Damage) -> None:
    assert damage.before == damage.after


def test_drift_is_its_own_exit_code_and_json_tells_it_without_a_secret(damage: Damage) -> None:
    assert damage.told.code == 7, damage.told.error
    told = json.loads(damage.told.out)
    assert told["result"] == "drift"
    named = {(one["resource"], one["field"]) for one in told["drift"]}
    assert (f"{NAME}{DATABASE}", "updateConfig.order") in named
    assert "qcanary" not in damage.told.out + damage.told.error


def test_one_up_puts_everything_back(
    estate: Stack, cloudflare: Cloudflare, damage: Damage, capfd: pytest.CaptureFixture[str]
) -> None:
    assert damage.seen.found
    assert bring_up(estate.engine) == 0
    said = capfd.readouterr().err
    assert f"changed by hand, to be put back: {NAME}{EDGE}" in said
    # The engine ends with the new task; the old one may take its grace to leave.
    wait_until(lambda: all(len(tasks) == 1 for tasks in estate.tasks().values()), 90)
    state = estate.state()["deployment"]["resources"]
    services = {one["inputs"]["name"] for one in state if one["type"].endswith(":Service")}
    assert services >= {NAME + service for service in [*SERVICES, EDGE]}
    assert set(estate.tasks()) == services
    assert look(estate.engine).found == ()
    (record,) = cloudflare.zones.records[ZONE].values()
    assert record["content"] == "127.0.0.1"
    assert estate.get(f"api.{NAME}.localhost", "/api/health").status_code == 200


def test_a_host_that_does_not_answer_is_neither_drift_nor_its_absence(
    estate: Stack, tmp_path: Path
) -> None:
    reached = estate.config["hosts"]["here"]["url"]
    estate.set("hosts.here.url", f"unix://{tmp_path}/nobody.sock")
    try:
        done = Operations(estate).run("drift")
    finally:
        estate.set("hosts.here.url", reached)
    assert done.code == 3
    assert "unknown: host here" in done.out
    assert "nobody.sock" in done.out
    assert GONE not in done.out
    assert "no drift" not in done.out
