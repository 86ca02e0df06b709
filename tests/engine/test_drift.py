"""Changes by hand: each is found and named, looking writes nothing, one `make up` undoes them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.cloudflare.api import Cloudflare
from ops import drift
from ops.drift import Drift
from ops.errors import OpsError
from ops.up import bring_up
from tests.engine.conftest import TOKEN, ZONE
from tests.engine.stack import Stack, images, wait_until

pytestmark = pytest.mark.engine

CONTAINER = "taskSpec.containerSpec"
# Without this, Swarm itself would undo a change that breaks the task before anybody looks.
PAUSE = "--update-failure-action=pause"


@dataclass(frozen=True)
class Change:
    """Something that a person does to a service.

    Attributes:
        service: its name after the stack's prefix.
        options: for `docker service update`.
        field: where the drift check is to find it, and
        found: what it is to show there.
    """

    service: str
    options: tuple[str, ...]
    field: str
    found: str


CHANGES = {
    "a variable added": Change(
        "web", ("--env-add=DEBUG=planted",), f"{CONTAINER}.env.DEBUG", "planted"
    ),
    "a secret taken away": Change("web", ("--secret-rm={env}",), f"{CONTAINER}.secrets", "nothing"),
    "a volume mounted": Change(
        "web",
        ("--mount-add=type=volume,source={stack}_archives,target=/planted",),
        f"{CONTAINER}.mounts",
        "/planted",
    ),
    "a network joined": Change(
        "web", ("--network-add={stack}_edge_docker",), "taskSpec.networksAdvanceds", '{"id": '
    ),
    "a health check slowed": Change(
        "convex_backend", ("--health-interval=45s",), f"{CONTAINER}.healthcheck.interval", "45s"
    ),
    "two writers at once": Change(
        "convex_backend", ("--update-order=start-first",), "updateConfig.order", "start-first"
    ),
    "less time to stop": Change(
        "convex_backend", ("--stop-grace-period=5s",), f"{CONTAINER}.stopGracePeriod", "5s"
    ),
    "a constraint added": Change(
        "convex_backend",
        ("--constraint-add=node.platform.os==linux",),
        "taskSpec.placement.constraints",
        "node.platform.os==linux",
    ),
    "more memory": Change(
        "convex_backend",
        ("--limit-memory=300M",),
        "taskSpec.resources.limits.memoryBytes",
        str(300 * 2**20),
    ),
    "another image": Change(
        "convex_dashboard", ("--image={tools}", "--no-resolve-image"), f"{CONTAINER}.image", "tools"
    ),
    "a second task": Change("convex_dashboard", ("--replicas=2",), "mode.replicated.replicas", "2"),
    "a label changed": Change(
        "convex_dashboard",
        ("--label-add=traefik.enable=false",),
        "labels",
        '{"label": "traefik.enable", "value": "false"}',
    ),
    "the filter opened": Change("edge_docker", ("--env-add=POST=1",), f"{CONTAINER}.env.POST", "1"),
}
SERVICES = sorted({change.service for change in CHANGES.values()})


@dataclass(frozen=True)
class Look:
    """A look at the damaged estate.

    Attributes:
        found: the drift.
        before: state and services before it looked.
        after: the same afterwards.
    """

    found: list[Drift]
    before: tuple[Any, ...]
    after: tuple[Any, ...]

    def of(self, resource: str) -> dict[str, str]:
        """Field → what was found of one resource."""
        return {one.field: one.found for one in self.found if one.resource == resource}


@pytest.fixture(scope="module")
def look(estate: Stack, cloudflare: Cloudflare) -> Look:
    """All changes at once, then one look; the last test on it puts everything back."""
    damage(estate, cloudflare)
    before = world(estate)
    found = drift.look(estate.engine)
    return Look(found, before, world(estate))


def damage(estate: Stack, cloudflare: Cloudflare) -> None:
    (web,) = estate.docker.services.list(filters={"name": f"{estate.name}_web"})
    (secret,) = web.attrs["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    env = secret["SecretName"]
    names = {"stack": estate.name, "env": env, "tools": images()["tools"]}
    for service in SERVICES:
        mine = [change for change in CHANGES.values() if change.service == service]
        options = [option.format(**names) for change in mine for option in change.options]
        docker("service", "update", "--detach", PAUSE, *options, f"{estate.name}_{service}")
    docker("service", "rm", f"{estate.name}_cron")
    records = {one["name"]: one for one in cloudflare.zones.records[ZONE].values()}
    cloudflare.answer(
        "PATCH",
        f"/client/v4/zones/{ZONE}/dns_records/{records['tickets.probe.localhost']['id']}",
        TOKEN,
        b'{"content": "203.0.113.66"}',
    )
    cloudflare.zones.remove(ZONE, records["convex.probe.localhost"]["id"])


def docker(*arguments: str) -> None:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def world(estate: Stack) -> tuple[Any, ...]:
    """What a drift check might write to: the state and the services."""
    services = estate.docker.services.list(filters={"label": f"estate.stack={estate.name}"})
    return estate.state(), {one.name: one.attrs["Spec"] for one in services}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_by_hand_is_found_and_its_field_named(
    estate: Stack, look: Look, change: Change
) -> None:
    found = look.of(f"{estate.name}_{change.service}")
    at = {field: text for field, text in found.items() if field.startswith(change.field)}
    assert at, found
    assert any(change.found in text for text in at.values()), at


def test_a_removed_service_is_found(estate: Stack, look: Look) -> None:
    assert list(look.of(f"{estate.name}_cron")) == [""]


def test_a_changed_and_a_removed_record_are_found(look: Look) -> None:
    assert look.of("tickets.probe.localhost-A") == {"content": '"203.0.113.66"'}
    assert list(look.of("convex.probe.localhost-A")) == [""]


def test_nothing_is_reported_that_nobody_changed(estate: Stack, look: Look) -> None:
    records = {"tickets.probe.localhost-A", "convex.probe.localhost-A"}
    services = {f"{estate.name}_{service}" for service in [*SERVICES, "cron"]}
    assert {one.resource for one in look.found} == records | services
    for service in SERVICES:
        mine = tuple(change.field for change in CHANGES.values() if change.service == service)
        for field in look.of(f"{estate.name}_{service}"):
            assert field.startswith((*mine, "updateConfig.failureAction")), field


def test_looking_writes_nothing_to_state_or_swarm(look: Look) -> None:
    assert look.before == look.after


def test_drift_is_its_own_exit_code_and_the_report_says_how_to_undo_it(
    estate: Stack,
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(drift, "look", lambda _engine: look.found)
    assert drift.tell(estate.engine) == 7
    report = capsys.readouterr().out
    assert f"{estate.name}_cron" in report
    assert "203.0.113.66" in report
    assert report.splitlines()[-1].startswith(f"next: `make up STACK={estate.name}`")


def test_one_up_puts_everything_back(
    estate: Stack,
    cloudflare: Cloudflare,
    look: Look,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert look.found
    assert bring_up(estate.engine) == 0
    assert f"changed by hand, to be put back: {estate.name}_cron" in capfd.readouterr().err
    assert drift.tell(estate.engine) == 0
    assert capfd.readouterr().out.endswith(f"no drift in stack {estate.name}\n")
    assert len(estate.tasks()) == 6
    # The engine ends with the new task; the old one may take its grace to leave.
    wait_until(lambda: all(len(tasks) == 1 for tasks in estate.tasks().values()), 60)
    assert {one["name"]: one["content"] for one in cloudflare.zones.records[ZONE].values()} == {
        f"{name}.probe.localhost": "127.0.0.1" for name in ("tickets", "convex", "admin")
    }
    for url in estate.output("urls").values():
        address, _, path = url.removeprefix("http://").partition("/")
        assert estate.get(address.partition(":")[0], f"/{path}").status_code == 200


def test_a_host_that_does_not_answer_is_neither_drift_nor_its_absence(
    estate: Stack, tmp_path: Path
) -> None:
    reached = estate.config["hosts"]["here"]["url"]
    estate.set("hosts.here.url", f"unix://{tmp_path}/nobody.sock")
    try:
        with pytest.raises(OpsError, match="drift is unknown") as broken:
            drift.tell(estate.engine)
    finally:
        estate.set("hosts.here.url", reached)
    assert broken.value.exit_code not in {0, 7}
    assert "nobody.sock" in str(broken.value)
