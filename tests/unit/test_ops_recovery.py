"""What a killed engine left half-made: what is taken back, and what stays."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import pytest
from docker import DockerClient

from local.cloudflare.api import Cloudflare, running
from ops.errors import OpsError
from ops.half_made import settle, take_back
from ops.half_made_records import take_back_records
from ops.recovery import HalfMade, half_made
from settings import Estate

SERVICE = "docker:index/service:Service"
SECRET = "docker:index/secret:Secret"
NETWORK = "docker:index/network:Network"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
ZONE = "0f" * 16
TOKEN = "token-of-a-test"


class FakeApi:
    """A daemon with a few objects; a removed service's task needs two looks to end."""

    def __init__(self, **objects: dict[str, str]) -> None:
        self.objects = {kind: dict(names) for kind, names in objects.items()}
        self.mounts: dict[str, list[str]] = {}
        self.writers: set[str] = set()
        self.removed: list[str] = []
        self.states: list[str] = []
        self._left: dict[str, int] = {}

    def services(self) -> list[dict[str, Any]]:
        return [
            {"ID": id_, "Spec": {"Name": name, "TaskTemplate": self._task(id_)}}
            for id_, name in self.objects.get("services", {}).items()
        ]

    def _task(self, id_: str) -> dict[str, Any]:
        secrets = [{"SecretID": secret} for secret in self.mounts.get(id_, [])]
        volumes = [{"Type": "volume", "Target": "/data", "ReadOnly": id_ not in self.writers}]
        return {"ContainerSpec": {"Secrets": secrets, "Mounts": volumes}}

    def at_work(self, id_: str) -> bool:
        """Whether the last task of a removed service still runs."""
        return bool(self._left[id_])

    def secrets(self) -> list[dict[str, Any]]:
        found = self.objects.get("secrets", {}).items()
        return [{"ID": id_, "Spec": {"Name": name}} for id_, name in found]

    def networks(self) -> list[dict[str, Any]]:
        return [{"Id": id_, "Name": name} for id_, name in self.objects.get("networks", {}).items()]

    def remove_service(self, id_: str) -> None:
        self._left[id_] = 2
        self.removed.append(id_)

    def remove_secret(self, id_: str) -> None:
        self.removed.append(id_)

    def remove_network(self, id_: str) -> None:
        assert not any(self._left.values()), "a task is still on the network"
        self.removed.append(id_)

    def tasks(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        id_ = filters["service"]
        self._left[id_] -= 1
        state = "running" if self._left[id_] else "shutdown"
        return [{"CreatedAt": "1", "Status": {"State": state}}]

    def inspect_service(self, name: str) -> dict[str, Any]:
        if name not in self.objects.get("services", {}).values():
            raise docker.errors.NotFound("no such service")
        return {"UpdateStatus": {"State": self.states.pop(0)}} if self.states else {}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.half_made._POLL_S", 0.001)


def client(api: FakeApi) -> DockerClient:
    return cast("DockerClient", SimpleNamespace(api=api))


def test_pending_operations_are_read_as_the_state_has_them() -> None:
    pending = [
        {"type": "creating", "resource": {"type": SERVICE, "inputs": {"name": "sistema_web"}}},
        {"type": "updating", "resource": {"type": SERVICE, "inputs": {"name": "sistema_cron"}}},
        {"type": "creating", "resource": {"type": "estate:apps:Tickets"}},
    ]
    first, second, third = half_made(pending)
    assert (first.doing, first.type, first.name) == ("creating", SERVICE, "sistema_web")
    assert (second.doing, second.name) == ("updating", "sistema_cron")
    assert third.inputs == {}


def test_what_was_being_created_and_is_not_in_the_state_goes() -> None:
    api = FakeApi(
        services={"s1": "sistema_web", "s2": "other_web"},
        secrets={"k1": "sistema_web_env_0", "k2": "other"},
        networks={"n1": "sistema_internal", "n2": "bridge"},
    )
    made = [(SERVICE, "sistema_web"), (SECRET, "sistema_web_env_0"), (NETWORK, "sistema_internal")]
    take_back(client(api), made, set())
    assert api.removed == ["s1", "k1", "n1"]


def test_the_task_of_a_writer_is_waited_for_and_no_other() -> None:
    api = FakeApi(services={"s1": "sistema_web", "s2": "sistema_cron"})
    api.writers.add("s1")
    take_back(client(api), [(SERVICE, "sistema_web"), (SERVICE, "sistema_cron")], set())
    assert sorted(api.removed) == ["s1", "s2"]
    assert not api.at_work("s1")
    assert api.at_work("s2")


def test_what_the_state_has_stays_whatever_its_name() -> None:
    api = FakeApi(services={"s1": "web"}, secrets={"k1": "env"}, networks={"n1": "net"})
    take_back(
        client(api), [(SERVICE, "web"), (SECRET, "env"), (NETWORK, "net")], {"s1", "k1", "n1"}
    )
    assert api.removed == []


def test_a_secret_that_another_service_mounts_stays() -> None:
    api = FakeApi(services={"s1": "other"}, secrets={"k1": "env"})
    api.mounts["s1"] = ["k1"]
    take_back(client(api), [(SECRET, "env")], set())
    assert api.removed == []


def test_a_secret_of_a_service_that_goes_too_goes() -> None:
    api = FakeApi(services={"s1": "web"}, secrets={"k1": "env"})
    api.mounts["s1"] = ["k1"]
    take_back(client(api), [(SERVICE, "web"), (SECRET, "env")], set())
    assert api.removed == ["s1", "k1"]


def test_volumes_and_steps_need_nothing() -> None:
    api = FakeApi(services={"s1": "data"})
    take_back(
        client(api),
        [("docker:index/volume:Volume", "data"), ("command:local:Command", "None")],
        set(),
    )
    assert api.removed == []


def test_an_update_under_way_is_waited_for() -> None:
    api = FakeApi(services={"s1": "web"})
    api.states = ["updating", "rollback_started", "rollback_completed"]
    settle(client(api), ["web", "no-service-of-this-host"])
    assert api.states == []


@pytest.fixture
def cloudflare() -> Iterator[Cloudflare]:
    with running({ZONE: "example.com"}, TOKEN) as api:
        yield api


@pytest.fixture
def estate(cloudflare: Cloudflare) -> Estate:
    return estate_with(cloudflare.url, TOKEN)


def estate_with(url: str, token: str) -> Estate:
    dns = {"zones": {"example.com": ZONE}, "api_url": url}
    text = {"hosts": {}, "dns": dns, "dnsSecrets": {"CLOUDFLARE_API_TOKEN": token}}
    return Estate.model_validate(text, strict=False)


def record(content: str) -> dict[str, Any]:
    return {"name": "tickets.example.com", "type": "A", "content": content, "ttl": 300}


def making(content: str) -> HalfMade:
    inputs = {**record(content), "zoneId": ZONE, "proxied": False}
    return HalfMade(doing="creating", type=RECORD, inputs=inputs)


Contents = Callable[[], set[str]]


@pytest.fixture
def contents(cloudflare: Cloudflare) -> Contents:
    return lambda: {one["content"] for one in cloudflare.zones.records[ZONE].values()}


def test_a_half_made_record_goes_so_that_it_can_be_made_again(
    cloudflare: Cloudflare, estate: Estate, contents: Contents
) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        cloudflare.zones.create(ZONE, record(address))
    take_back_records(estate, [making("192.0.2.1")], set())
    assert contents() == {"192.0.2.2"}


def test_a_record_that_the_state_has_stays(
    cloudflare: Cloudflare, estate: Estate, contents: Contents
) -> None:
    known = cloudflare.zones.create(ZONE, record("192.0.2.1"))["id"]
    take_back_records(estate, [making("192.0.2.1")], {known})
    assert contents() == {"192.0.2.1"}


def test_a_record_that_was_never_made_needs_nothing(estate: Estate, contents: Contents) -> None:
    take_back_records(estate, [making("192.0.2.1")], set())
    assert contents() == set()


def test_an_api_that_refuses_is_named_without_the_token(cloudflare: Cloudflare) -> None:
    wrong = estate_with(cloudflare.url, "another-token")
    with pytest.raises(OpsError, match="DNS records could not be looked at") as refused:
        take_back_records(wrong, [making("192.0.2.1")], set())
    assert "403" in str(refused.value)
    assert "another-token" not in str(refused.value)
