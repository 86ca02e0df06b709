"""Proxy hosts through the real engine, the real Swarm and a real nginx."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ops.drift.by_engine import differences, others, unread
from tests.provider.conftest import PASSWORD, Npm, until

if TYPE_CHECKING:
    from tests.plugins.project import Project

pytestmark = pytest.mark.engine

PROGRAM = """
import json
inputs, certificates = json.loads({inputs!r}), json.loads({certificates!r})
before = [pulumi.CustomResource("estate:npm:Certificates", "certificates", certificates,
    pulumi.ResourceOptions(version="0.1.0"))] if certificates else []
pulumi.CustomResource("estate:npm:ProxyHosts", "tenants", inputs,
    pulumi.ResourceOptions(version="0.1.0", depends_on=before))
"""
STRANGER = {
    "domain_names": ["stranger.example"],
    "forward_scheme": "http",
    "forward_port": 8080,
    "enabled": True,
}
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket")

Bag = dict[str, Any]


def tenant(npm: Npm, name: str, **more: object) -> Bag:
    behind = {"forward_host": f"{npm.name}-behind", "forward_port": 8080}
    return {"domain_names": [f"{name}.example"], **behind, **more}


def program(npm: Npm, hosts: Bag, certificates: Bag | None = None) -> str:
    job = {**npm.target["job"], "name": f"{npm.name}-certificates"}
    first = {**npm.target, "job": job, "certificates": certificates} if certificates else None
    return PROGRAM.format(
        inputs=json.dumps({**npm.target, "hosts": hosts}), certificates=json.dumps(first)
    )


def preview(project: Project, npm: Npm, hosts: Bag) -> Bag:
    step: Bag = project.plan(program(npm, hosts))["tenants"]
    return step


def looked_at(project: Project) -> list[Bag]:
    """The engine's steps when the drift check has it look at the hosts alone."""
    flags = ("--preview-only", "--expect-no-changes", "--json")
    done = project.run("refresh", *flags, "--target", project.state("tenants")["urn"])
    assert done.code in {0, 7}, done.output
    # Behind the report stands why the code is 7.
    report, _ = json.JSONDecoder().raw_decode(done.output, done.output.index("{"))
    found: list[Bag] = [one for one in report["steps"] if one["urn"].endswith("::tenants")]
    assert len(found) == 1
    return found


def drift(project: Project) -> dict[str, tuple[str, str]]:
    return {one.field: (one.declared, one.found) for one in differences(looked_at(project))}


def by_hand(project: Project, npm: Npm, change: Bag, *, new: bool = False) -> None:
    """Change something in NPM as a person would, from a container on its network."""
    row = project.state("tenants")["outputs"]["facts"]["ids"]["acme"]
    request = '"POST", "/nginx/proxy-hosts"' if new else f'"PUT", "/nginx/proxy-hosts/{row}"'
    script = f"""
import json, urllib.request
def ask(method, path, body, token=""):
    request = urllib.request.Request("{npm.target["url"]}/api" + path, json.dumps(body).encode(),
        {{"Content-Type": "application/json", "Authorization": "Bearer " + token}}, method=method)
    return json.load(urllib.request.urlopen(request))
token = ask("POST", "/tokens", {{"identity": "ops@example.com", "secret": "{PASSWORD}"}})["token"]
ask({request}, {change!r}, token)
"""
    npm.client.containers.run(
        npm.target["job"]["image"],
        ["python3", "-c", script],
        network=npm.target["network"],
        remove=True,
    )


def test_the_life_of_tenants(project: Project, npm: Npm) -> None:
    """One test, because each part begins where the one before has ended."""
    hosts = {
        "acme": tenant(npm, "acme", allow_websocket_upgrade=True),
        "globex": tenant(npm, "globex"),
    }
    assert preview(project, npm, hosts)["op"] == "create"
    assert npm.requests == []
    project.must_up()
    until(lambda: npm.answers("acme.example"), "acme is not served")
    assert "host: globex.example" in npm.ask("globex.example")
    assert "101 Switching Protocols" in npm.ask("acme.example", *UPGRADE)
    assert "101 Switching Protocols" not in npm.ask("globex.example", *UPGRADE)
    assert "404" in npm.ask("nobody.example")

    # Nothing to do, nothing changed by hand, and nothing secret anywhere.
    settled = project.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert settled.code == 0, settled.output
    assert drift(project) == {}
    made = npm.requests
    assert len(made) == 3
    assert PASSWORD not in project.export() + settled.output

    # A change by hand is named by tenant and field, and put back.
    by_hand(project, npm, {"allow_websocket_upgrade": False, "enabled": True})
    assert drift(project) == {'hosts["acme"].allow_websocket_upgrade': ("true", "false")}
    by_hand(project, npm, {**STRANGER, "forward_host": f"{npm.name}-behind"}, new=True)
    assert list(drift(project)) == ['hosts["acme"].allow_websocket_upgrade']
    assert list(others(looked_at(project))) == [("proxy-host", "stranger.example")]
    project.must("refresh", "--yes", "--skip-preview", "--run-program")
    project.must_up()
    assert drift(project) == {}
    until(lambda: "101" in npm.ask("acme.example", *UPGRADE), "the upgrade did not come back")

    # Another tenant touches nobody else.
    before = npm.requests
    hosts["initech"] = tenant(npm, "initech")
    assert list(preview(project, npm, hosts)["detailedDiff"]) == ['hosts["initech"]']
    project.must_up()
    until(lambda: npm.answers("initech.example"), "initech is not served")
    assert npm.requests[len(before) :] == ["POST /api/nginx/proxy-hosts HTTP/1.1 201"]

    # One that is served does not leave by a forgotten line; a configuration that nginx refuses
    # leaves the old one serving.
    del hosts["globex"]
    refused = project.up(program(npm, hosts))
    assert refused.code != 0
    assert "leaving it out takes globex.example off" in refused.output
    hosts["globex"] = tenant(npm, "globex", advanced_config="no_such_directive on;")
    refused = project.up(program(npm, hosts))
    assert refused.code != 0
    assert re.search(r"unknown directive .no_such_directive", refused.output), refused.output
    assert "it serves again as before" in refused.output
    assert "Traceback" not in refused.output
    assert "host: globex.example" in npm.ask("globex.example")


@pytest.mark.long
def test_a_npm_that_is_down_is_told_from_one_that_is_gone(project: Project, npm: Npm) -> None:
    names = ("acme", "globex", "initech")
    project.must_up(program(npm, {name: tenant(npm, name) for name in names}))
    service = npm.client.services.get(f"{npm.name}-npm")
    service.scale(0)
    until(lambda: not npm.answers("acme.example"), "NPM did not stop")
    (why,) = unread(looked_at(project)).values()
    assert why
    assert drift(project) == {}
    service.reload()
    service.scale(1)
    until(lambda: npm.answers("acme.example"), "NPM did not come back")
    assert drift(project) == {}


def test_a_certificate_is_there_before_its_host(project: Project, npm: Npm) -> None:
    names = ("acme", "globex", "initech")
    hosts = {name: tenant(npm, name) for name in names}
    hosts["acme"] |= {"certificate": "acme.example", "ssl_forced": True}
    asked = {"acme": {"domain_names": ["acme.example"]}}
    project.must_up(program(npm, hosts, asked))
    until(lambda: "301 Moved" in npm.ask("acme.example"), "HTTPS is not demanded")
    assert npm.has_certificate("acme.example")
    assert not npm.has_certificate("globex.example")
    made = [one for one in npm.requests if "certificates" in one]
    assert made == ["POST /api/nginx/certificates HTTP/1.1 201"]
    assert drift(project) == {}
