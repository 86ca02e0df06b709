"""The provider's calls, as the engine makes them, over the stand-in's API in this process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.provider.experimental import provider as rpc

from provider.catalog import TYPES
from provider.estate import EstateProvider
from provider.wire.errors import PluginError
from provider.wire.values import plain_bag, wrap
from steps import convex_env
from steps.errors import HostError, NpmError
from steps.npm import asking
from steps.npm.hosts import ProxyHosts
from tests.unit.npm_api import IDENTITY, Running, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from pathlib import Path

    from steps.npm.inputs import NpmTarget

Bag = dict[str, Any]

CANARY = "planted-list-password"
URN = "urn:pulumi:test::estate::estate:edge:Npm$estate:{}:{}::{}"
TARGET = {
    "docker": {"url": "unix:///var/run/docker.sock"},
    "service": "npm",
    "url": "http://npm:81",
    "network": "proxy",
    "job": {"name": "npm_api", "image": "tools"},
    "identity": IDENTITY,
    "password_secret": "npm_admin_password_0123456789ab",
}
ACME = {"domain_names": ["acme.example"], "forward_host": "erp_frontend", "forward_port": 8080}
GLOBEX = {**ACME, "domain_names": ["globex.example"]}


class Engine:
    """One resource, as the engine keeps it: inputs, outputs and id."""

    def __init__(
        self, kind: str, entries: str, target: Bag | None = None, package: str = "npm"
    ) -> None:
        self._provider = EstateProvider()
        self._urn = URN.format(package, kind, "tenants")
        self._target = TARGET if target is None else target
        self._entries = entries
        self.id = ""
        self.inputs: Bag = {}
        self.outputs: Bag = {}

    def check(self, entries: Bag) -> list[str]:
        request = rpc.CheckRequest(self._urn, _wrapped(self.inputs), self._given(entries), b"")
        return [
            f"{one.property}: {one.reason}" for one in run(self._provider.check(request)).failures
        ]

    def diff(self, entries: Bag, **other: object) -> dict[str, str]:
        news = self._given(entries, **other)
        request = rpc.DiffRequest(self._urn, self.id, _wrapped(self.outputs), news, [])
        answer = run(self._provider.diff(request))
        assert bool(answer.detailed_diff) == bool(answer.changes)
        return {path: one.kind.name for path, one in answer.detailed_diff.items()}

    def up(self, entries: Bag) -> None:
        assert self.check(entries) == []
        news = self._given(entries)
        if not self.id:
            made = run(self._provider.create(rpc.CreateRequest(self._urn, news, 0, preview=False)))
            self.id, values = made.resource_id, made.properties
        else:
            request = rpc.UpdateRequest(
                self._urn, self.id, _wrapped(self.outputs), news, 0, [], preview=False
            )
            values = run(self._provider.update(request)).properties
        self.inputs, self.outputs = plain_bag(news), plain_bag(values)
        self.values = values

    def read(self) -> rpc.ReadResponse:
        request = rpc.ReadRequest(self._urn, self.id, _wrapped(self.outputs), _wrapped(self.inputs))
        answer: rpc.ReadResponse = run(self._provider.read(request))
        return answer

    def drift(self) -> dict[str, str]:
        """Compare as a refresh does: what was found with what was declared."""
        found = self.read()
        seen = Engine.__new__(Engine)
        seen.__dict__ = {**self.__dict__, "outputs": plain_bag(found.properties)}
        return seen.diff(self.inputs[self._entries])

    def _given(self, entries: Bag, **other: object) -> Bag:
        return _wrapped({**self._target, **other, self._entries: entries})


def run(call: Awaitable[Any]) -> Any:  # noqa: ANN401 - any answer of the provider
    async def wait() -> Any:  # noqa: ANN401 - as above
        return await call

    return asyncio.run(wait())


def _wrapped(bag: Bag) -> Bag:
    return {name: wrap(value) for name, value in bag.items()}


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    def ask(given: NpmTarget, question: Bag, _context: object, *, limit_s: float) -> Bag:
        assert limit_s >= asking.READ_LIMIT_S
        if question["action"] == "apply":
            assert limit_s >= 600 + 5 * len(question["wanted"])
        assert asking.api_job(given, []).networks[0].name == "proxy"
        return api.ask(**question)

    with running(tmp_path) as api:
        monkeypatch.setattr(asking, "ask", ask)
        monkeypatch.setattr(asking, "exists", lambda *_: True)
        yield api


@pytest.fixture
def hosts() -> Engine:
    return Engine("ProxyHosts", "hosts")


@pytest.mark.usefixtures("npm")
def test_what_was_brought_up_has_no_difference_and_no_drift(hosts: Engine) -> None:
    hosts.up({"acme": ACME})
    assert hosts.id == "npm"
    assert hosts.diff({"acme": ACME}) == {}
    assert hosts.drift() == {}


@pytest.mark.usefixtures("npm")
def test_differences_name_entry_and_field(hosts: Engine) -> None:
    hosts.up({"acme": ACME, "globex": GLOBEX})
    wanted = {"acme": {**ACME, "forward_port": 9000}, "initech.eu": GLOBEX}
    assert hosts.diff(wanted) == {
        'hosts["acme"].forward_port': "UPDATE",
        'hosts["globex"]': "DELETE",
        'hosts["initech.eu"]': "ADD",
    }


@pytest.mark.usefixtures("npm")
def test_how_npm_is_reached_is_no_difference(hosts: Engine) -> None:
    hosts.up({"acme": ACME})
    moved = {"docker": {"url": "ssh://ops@192.0.2.1"}, "network": "another"}
    assert hosts.diff({"acme": ACME}, **moved) == {}
    assert hosts.diff({"acme": ACME}, password_secret="npm_admin_2") == {
        "password_secret": "UPDATE"
    }


def test_drift_names_entry_and_field_and_an_update_repairs_it(npm: Running, hosts: Engine) -> None:
    hosts.up({"acme": ACME, "globex": GLOBEX})
    ids = hosts.outputs["facts"]["ids"]
    npm.npm.hosts.update(ids["acme"], {"allow_websocket_upgrade": True})
    npm.npm.hosts.remove(ids["globex"])
    assert hosts.drift() == {
        'hosts["acme"].allow_websocket_upgrade': "UPDATE",
        'hosts["globex"]': "ADD",
    }
    hosts.up({"acme": ACME, "globex": GLOBEX})
    assert hosts.drift() == {}


def test_every_wrong_property_is_a_failure_of_its_own(hosts: Engine) -> None:
    wrong = {
        "acme": {**ACME, "forward_port": 0, "colour": "red"},
        "globex": {**GLOBEX, "forward_scheme": "ftp"},
    }
    assert [line.partition(": ")[0] for line in hosts.check(wrong)] == [
        'hosts["acme"].forward_port',
        'hosts["acme"].colour',
        'hosts["globex"].forward_scheme',
    ]
    twice = hosts.check({"acme": ACME, "umbrella": ACME})
    assert "acme.example: acme and umbrella" in twice[0]
    assert "turns it off without" in hosts.check({"acme": {**ACME, "ssl_forced": True}})[0]


@pytest.mark.usefixtures("npm")
def test_an_entry_that_is_served_does_not_leave_the_map(hosts: Engine) -> None:
    hosts.up({"acme": ACME, "globex": GLOBEX})
    (refused,) = hosts.check({"globex": GLOBEX})
    assert refused.startswith('hosts["acme"]: leaving it out takes acme.example off')
    hosts.up({"acme": {**ACME, "enabled": False}, "globex": GLOBEX})
    hosts.up({"globex": GLOBEX})
    assert hosts.drift() == {}


def test_gone_and_could_not_look_are_told_apart(
    npm: Running, hosts: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.up({"acme": ACME})
    monkeypatch.setattr(asking, "exists", lambda *_: False)
    assert hosts.read().resource_id == ""

    def unreachable(*_: object) -> bool:
        raise HostError("no way in", why="ssh", state="unknown", todo="look")

    monkeypatch.setattr(asking, "exists", unreachable)
    with pytest.raises(PluginError, match="no way in"):
        hosts.read()
    del npm


@pytest.mark.usefixtures("npm")
def test_what_is_adopted_is_read_with_a_salt_of_its_own(hosts: Engine) -> None:
    hosts.up({"acme": ACME})
    # As `make adopt` hands it in: declared, and nothing known of it.
    hosts.id, hosts.outputs = "something", hosts.inputs
    found = hosts.read()
    assert found.resource_id == "npm"
    assert len(plain_bag(found.properties)["salt"]) == 32
    assert hosts.drift() == {}


@pytest.mark.usefixtures("npm")
def test_what_does_not_answer_on_a_host_that_does_is_said_and_repaired_by_an_update(
    hosts: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.up({"acme": ACME})
    with monkeypatch.context() as down:

        def refuse(*_: object, **__: object) -> Bag:
            raise NpmError("read hosts of npm failed.", why="no NPM answers", state="", todo="")

        down.setattr(asking, "ask", refuse)
        found = hosts.read()
        assert found.resource_id == "npm"
        assert hosts.drift() == {"could_not_look": "DELETE"}
    hosts.outputs = plain_bag(found.properties)
    assert "no NPM answers" in hosts.outputs["could_not_look"]
    hosts.up({"acme": ACME})
    assert "could_not_look" not in hosts.outputs
    assert hosts.drift() == {}


def test_passwords_are_in_no_state_in_clear_and_in_no_path(npm: Running) -> None:
    lists = Engine("AccessLists", "lists")
    office = {"users": {"ana": CANARY}, "clients": [{"address": "10.0.0.0/8"}]}
    lists.up({"office": office})
    assert CANARY not in json.dumps(lists.outputs)
    assert lists.values["salt"].is_secret
    assert lists.diff({"office": office}) == {}
    other = {**office, "users": {"ana": "another-planted"}}
    assert lists.diff({"office": other}) == {'lists["office"].users["ana"]': "UPDATE"}
    assert lists.drift() == {}
    row_id = lists.outputs["facts"]["ids"]["office"]
    eve = {"username": "eve", "password": "evil"}
    npm.npm.lists.update(row_id, {"items": [{"username": "ana"}, eve]})
    assert lists.drift() == {'lists["office"].users["eve"]': "DELETE"}


def test_the_same_password_has_another_fingerprint_in_another_resource(npm: Running) -> None:
    seen = set()
    for _ in range(2):
        lists = Engine("AccessLists", "lists")
        lists.up({"office": {"users": {"ana": CANARY}}})
        seen.add(lists.outputs["lists"]["office"]["users"]["ana"])
    assert len(seen) == 2
    del npm


def test_a_preview_reaches_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("reached")

    monkeypatch.setattr(asking, "ask", never)
    monkeypatch.setattr(asking, "exists", never)
    news = _wrapped({**TARGET, "hosts": {"acme": ACME}})
    provider = EstateProvider()
    urn = URN.format("npm", "ProxyHosts", "tenants")
    assert run(provider.create(rpc.CreateRequest(urn, news, 0, preview=True))).resource_id == ""
    olds = _wrapped({"hosts": {}, "facts": {}, "salt": "s"})
    run(provider.update(rpc.UpdateRequest(urn, "npm", olds, news, 0, [], preview=True)))
    run(provider.diff(rpc.DiffRequest(urn, "npm", olds, news, [])))
    run(provider.check(rpc.CheckRequest(urn, {}, news, b"")))


def test_the_schema_names_every_type_and_input() -> None:
    answer = run(EstateProvider().get_schema(rpc.GetSchemaRequest(0, None, None)))
    resources = json.loads(answer.schema)["resources"]
    assert set(resources) == set(TYPES)
    assert "hosts" in resources["estate:npm:ProxyHosts"]["inputProperties"]


@pytest.fixture
def convex(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a Convex deployment, as somebody could change them by hand."""
    current: dict[str, str] = {}

    def bring(_given: object, wanted: dict[str, str | None], _context: object) -> dict[str, str]:
        for name, value in wanted.items():
            current.pop(name, None)
            if value is not None:
                current[name] = value
        return dict(current)

    monkeypatch.setattr(convex_env, "look", lambda *_: dict(current))
    monkeypatch.setattr(convex_env, "bring", bring)
    return current


def environment(version: str = "1", **more: object) -> Engine:
    target = {"docker": TARGET["docker"], "service": "sistema_convex_backend"}
    named = {"instance_name": "sistema", "url": "http://convex.localhost", "version": version}
    return Engine("Environment", "variables", {**target, **named, **more}, package="convex")


def test_variables_of_convex_drift_by_name_and_show_no_value(convex: dict[str, str]) -> None:
    variables = environment(absent=["OLD"])
    variables.up({"TOKEN": CANARY, "HOUR": "8"})
    assert variables.drift() == {}
    convex |= {"TOKEN": "changed-by-hand", "OLD": "back-again", "OF_OTHERS": "x"}
    del convex["HOUR"]
    assert variables.drift() == {
        'variables["HOUR"]': "ADD",
        'variables["OLD"]': "DELETE",
        'variables["TOKEN"]': "UPDATE",
    }
    for secret in (CANARY, "changed-by-hand", "back-again"):
        assert secret not in json.dumps(variables.outputs)
        assert secret not in json.dumps(plain_bag(variables.read().properties))
    assert variables.read().inputs["variables"].is_secret
    variables.up({"TOKEN": CANARY, "HOUR": "8"})
    assert convex == {"TOKEN": CANARY, "HOUR": "8", "OF_OTHERS": "x"}


def test_a_variable_that_leaves_the_declaration_is_removed(convex: dict[str, str]) -> None:
    variables = environment()
    variables.up({"TOKEN": CANARY, "HOUR": "8"})
    assert variables.diff({"TOKEN": CANARY}) == {'variables["HOUR"]': "DELETE"}
    variables.up({"TOKEN": CANARY})
    assert convex == {"TOKEN": CANARY}


@pytest.mark.usefixtures("convex")
def test_another_version_of_the_backend_has_them_set_anew() -> None:
    variables = environment()
    variables.up({"TOKEN": CANARY})
    assert variables.diff({"TOKEN": CANARY}, version="2") == {"version": "UPDATE"}


def test_a_change_of_one_list_sends_no_other_again(npm: Running) -> None:
    lists = Engine("AccessLists", "lists")
    both = {"office": {"users": {"ana": CANARY}}, "home": {"users": {"ben": CANARY}}}
    lists.up(both)
    before = len(npm.changes)
    lists.up({**both, "home": {"users": {"ben": "another-planted"}}})
    home = lists.outputs["facts"]["ids"]["home"]
    assert npm.changes[before:] == [f"PUT /api/nginx/access-lists/{home} 200"]


def test_inputs_of_another_version_do_not_stand_in_the_way_of_an_update(npm: Running) -> None:
    hosts = Engine("ProxyHosts", "hosts")
    hosts.up({"acme": ACME})
    hosts.inputs = {**hosts.inputs, "hosts": {"acme": {**ACME, "of_another_version": 1}}}
    assert "of_another_version" in plain_bag(hosts.read().properties)["could_not_look"]
    hosts.up({"acme": ACME})
    assert hosts.drift() == {}
    del npm


def test_a_preview_starts_without_the_client_of_docker() -> None:
    script = "import provider.estate, sys; print({'docker', 'httpx'} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_generations_of_the_password_before_are_known_by_their_family() -> None:
    def secret(name: str, created: str, family: str | None) -> Bag:
        labels = {} if family is None else {"estate.secret": family}
        return {"CreatedAt": created, "Spec": {"Name": name, "Labels": labels}}

    given = ProxyHosts.model_validate({**TARGET, "password_secret": "npm_3", "hosts": {}})
    found = [
        secret("npm_1", "2026-01-01", "npm_admin"),
        secret("npm_3", "2026-03-01", "npm_admin"),
        secret("npm_2", "2026-02-01", "npm_admin"),
        secret("other", "2026-02-01", "other"),
        secret("plain", "2026-02-01", None),
    ]
    assert asking.former_passwords(found, given) == ["npm_2", "npm_1"]
    assert asking.former_passwords(found[4:], given) == []
    targets = [one.target for one in asking.api_job(given, ["npm_2", "npm_1"]).secrets]
    assert targets == [f"/run/secrets/npm_{name}" for name in ("password", "former_0", "former_1")]
