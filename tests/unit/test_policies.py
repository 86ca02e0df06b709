"""Each rule is kept by what the program declares, and broken by what it is there to refuse."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy.pack import RULES, STACK_RULES, facts, plain, policies
from policy.resource import COMMAND, CONTAINER, LATER, RECORD, SERVICE, VOLUME, Facts, Resource
from tests.unit.declared import declared
from tests.unit.stack_files import CRM, DIGEST, ROOT, STRONG, changed, raw

NAMES = [*(one.name for one in RULES), *(one.name for one in STACK_RULES)]
ZONE = "1f" * 16
FACTS = Facts(zones={"example.com": ZONE}, secrets=frozenset({STRONG, "short"}))
IMAGE = f"web@{DIGEST}"
ROLLOUT = {
    "parallelism": 1,
    "delay": "0s",
    "monitor": "15s",
    "maxFailureRatio": "0.0",
    "order": "start-first",
}
GOOD: Mapping[str, Any] = {
    "labels": [
        {"label": "estate.system", "value": "crm"},
        {"label": "estate.update-order", "value": "start-first: two may write uploads and logs"},
    ],
    "taskSpec": {
        "containerSpec": {
            "image": IMAGE,
            "env": {"RELEASE_SHA": "abc", "PASSWORD_FILE": "/run/secrets/p"},
            "healthcheck": {
                "tests": ["CMD", "true"],
                "interval": "10s",
                "timeout": "3s",
                "retries": 5,
            },
            "stopGracePeriod": "30s",
            "stopSignal": "SIGTERM",
            "mounts": [
                {"type": "volume", "source": "uploads", "readOnly": False},
                {"type": "volume", "source": "logs", "readOnly": False},
            ],
        },
        "resources": {"limits": {"memoryBytes": 512}, "reservation": {"memoryBytes": 128}},
        "restartPolicy": {"condition": "any", "delay": "5s", "maxAttempts": 0, "window": "0s"},
        "logDriver": {"name": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    },
    "updateConfig": {**ROLLOUT, "failureAction": "rollback"},
    "rollbackConfig": {**ROLLOUT, "failureAction": "pause"},
    "endpointSpec": {"mode": "dnsrr", "ports": []},
}
HOST_PORT = {"publishedPort": 80, "publishMode": "host"}
SOCKET = {"type": "bind", "source": "/var/run/docker.sock", "readOnly": True}


def broken(resource: Resource, rule: str, of: Facts = FACTS) -> list[str]:
    """Return what one rule says of a resource."""
    (one,) = [one for one in RULES if one.name == rule]
    return list(one.broken(resource, of))


def service(changes: Mapping[str, Any] | None = None, **labels: str) -> Resource:
    """Return a good service with parts set, each named by its way, and labels added."""
    props: Any = deepcopy(dict(GOOD))
    for way, value in (changes or {}).items():
        *above, last = way.split(".")
        place = props
        for key in above:
            place = place[key]
        place[last] = value
    known = {one["label"]: one["value"] for one in props["labels"]}
    marks = known | {name.replace("__", "."): value for name, value in labels.items()}
    props["labels"] = [{"label": name, "value": value} for name, value in marks.items()]
    return Resource(type=SERVICE, name="web", props=props)


SPEC = "taskSpec.containerSpec"
BROKEN_SERVICES = [
    ("image-by-digest", {f"{SPEC}.image": "web:latest"}, "has no digest"),
    ("image-by-digest", {f"{SPEC}.image": "web@sha256:abc"}, "has no digest"),
    ("healthcheck", {f"{SPEC}.healthcheck": None}, "has no health check"),
    ("healthcheck", {f"{SPEC}.healthcheck": {"tests": ["NONE"]}}, "has no health check"),
    ("healthcheck", {f"{SPEC}.healthcheck": {"tests": ["CMD", "x"]}}, "without interval"),
    ("memory-limit", {"taskSpec.resources": {}}, "has no memory limit"),
    ("memory-limit", {"taskSpec.resources.reservation": {}}, "reserves no memory"),
    ("memory-limit", {"taskSpec.resources.limits": {"memoryBytes": 64}}, "reserves 128 bytes"),
    ("log-rotation", {"taskSpec.logDriver": None}, "names no log driver"),
    ("log-rotation", {"taskSpec.logDriver.options": {"max-size": "10m"}}, "grow for ever"),
    ("update-and-rollback", {"updateConfig": None}, "updateConfig lacks"),
    ("update-and-rollback", {"updateConfig.failureAction": "continue"}, "is continue"),
    ("update-and-rollback", {"rollbackConfig.monitor": ""}, "rollbackConfig lacks monitor"),
    ("update-and-rollback", {"rollbackConfig.failureAction": "continue"}, "has to be pause"),
    ("update-and-rollback", {"taskSpec.restartPolicy": {"condition": "any"}}, "lacks delay"),
    ("stop-grace", {f"{SPEC}.stopGracePeriod": None}, "is killed at once"),
    ("stop-grace", {f"{SPEC}.stopGracePeriod": "0s"}, "is killed at once"),
    ("stop-grace", {f"{SPEC}.stopSignal": None}, "no stop signal"),
    ("no-way-to-the-host", {f"{SPEC}.mounts": [SOCKET]}, "mounts /var/run/docker.sock"),
    (
        "no-way-to-the-host",
        {f"{SPEC}.mounts": [{"type": "bind", "source": "/etc", "readOnly": True}]},
        "mounts /etc",
    ),
    (
        "single-writer",
        {f"{SPEC}.mounts": [{"type": "volume", "source": "db", "readOnly": False}]},
        "one task alone may write db",
    ),
    ("single-writer", {"endpointSpec.ports": [HOST_PORT]}, "holds a port of the host"),
    ("only-edge-ports", {"endpointSpec.ports": [HOST_PORT]}, "publishes port 80"),
    ("no-plain-secret", {f"{SPEC}.env": {"SMTP_PASSWORD": "x"}}, "SMTP_PASSWORD holds a secret"),
    ("no-plain-secret", {f"{SPEC}.env": {"api_key": "x"}}, "api_key holds a secret"),
    ("no-plain-secret", {f"{SPEC}.env": {"DB": "postgres://a:b@db/x"}}, "with a password in it"),
    ("no-plain-secret", {f"{SPEC}.args": ["--key", STRONG]}, "shows a secret of the stack file"),
]


@pytest.mark.parametrize(("rule", "changes", "says"), BROKEN_SERVICES)
def test_a_service_that_breaks_a_rule_is_told_what_to_do(
    rule: str, changes: dict[str, Any], says: str
) -> None:
    found = broken(service(changes), rule)
    assert any(says in text for text in found), found
    for text in found:
        assert STRONG not in text
        # What is wrong, and then what to do.
        assert ". " in text or "; " in text, text


@pytest.mark.parametrize("rule", [one.name for one in RULES])
def test_a_good_service_breaks_no_rule(rule: str) -> None:
    assert broken(service(), rule) == []


def test_the_filter_of_the_edge_alone_may_read_the_socket() -> None:
    file = "/run/secrets/filter.cfg"
    mounted = {
        f"{SPEC}.mounts": [SOCKET],
        f"{SPEC}.commands": ["haproxy", "-f", file],
        f"{SPEC}.secrets": [{"fileName": file}],
    }
    of_edge = {"estate__system": "edge"}
    rule = "no-way-to-the-host"
    assert broken(service(mounted, **of_edge), rule) == []
    assert broken(service(mounted), rule) != []
    for key, value in (("commands", ["sh", "-c", file]), ("commands", None), ("secrets", [])):
        assert broken(service({**mounted, f"{SPEC}.{key}": value}, **of_edge), rule) != []
    assert broken(service({**mounted, "endpointSpec.ports": [HOST_PORT]}, **of_edge), rule) != []
    writing = {**mounted, f"{SPEC}.mounts": [{**SOCKET, "readOnly": False}]}
    assert broken(service(writing, **of_edge), rule) != []


def test_a_folder_of_an_application_may_be_mounted() -> None:
    source = {f"{SPEC}.mounts": [{"type": "bind", "source": "/srv/app", "readOnly": True}]}
    assert broken(service(source), "no-way-to-the-host") == []


def test_stop_first_may_hold_anything() -> None:
    mounts = [{"type": "volume", "source": "db", "readOnly": False}]
    changes = {
        f"{SPEC}.mounts": mounts,
        "updateConfig.order": "stop-first",
        "rollbackConfig.order": "stop-first",
    }
    order = {"estate__update-order": "stop-first: one writer of db"}
    assert broken(service(changes, **order), "single-writer") == []


@pytest.mark.parametrize("system", ["edge", "npm"])
def test_the_proxies_hold_ports_and_see_their_clients(system: str) -> None:
    of_edge = {"estate__system": system}
    assert broken(service({"endpointSpec.ports": [HOST_PORT]}, **of_edge), "only-edge-ports") == []
    ingress = {"endpointSpec.ports": [{**HOST_PORT, "publishMode": "ingress"}]}
    (text,) = broken(service(ingress, **of_edge), "only-edge-ports")
    assert "through the ingress" in text


@pytest.mark.parametrize("privileged", [False, True])
def test_no_container_is_privileged(*, privileged: bool) -> None:
    one = Resource(type=CONTAINER, name="x", props={"privileged": privileged})
    assert bool(broken(one, "not-privileged")) is privileged


@pytest.mark.parametrize("protect", [False, True])
def test_volumes_are_protected(*, protect: bool) -> None:
    one = Resource(type=VOLUME, name="db", props={}, protect=protect)
    assert bool(broken(one, "volume-protected")) is not protect


@pytest.mark.parametrize(
    ("name", "zone", "says"),
    [
        ("a.example.com", ZONE, None),
        ("example.com", ZONE, None),
        ("*.erp.example.com", ZONE, None),
        ("a.example.org", ZONE, "is not inside the zone example.com"),
        ("badexample.com", ZONE, "is not inside the zone example.com"),
        ("a.example.com", "2e" * 16, "none of estate:dns.zones"),
    ],
)
def test_records_lie_in_their_zone(name: str, zone: str, says: str | None) -> None:
    one = Resource(type=RECORD, name="r", props={"name": name, "zoneId": zone})
    found = broken(one, "record-in-zone")
    assert (says in found[0]) if says else found == []


def step(text: str) -> Resource:
    """Return a step with an input."""
    return Resource(
        type=COMMAND,
        name="crm-backup",
        props={"create": "run", "environment": {"STEP_INPUT": text}, "stdin": STRONG},
    )


def test_jobs_of_a_step_run_images_by_digest() -> None:
    good = f'{{"image": "{IMAGE}", "phases": [{{"job": {{"image": "{IMAGE}"}}}}]}}'
    assert broken(step(good), "step-image-by-digest") == []
    (text,) = broken(step('{"phases": [{"job": {"image": "tools:1"}}]}'), "step-image-by-digest")
    assert "runs a job on tools:1" in text


def test_a_step_gets_its_secrets_on_standard_input_alone() -> None:
    assert broken(step("{}"), "no-plain-secret") == []
    assert broken(step(f'{{"x": "{STRONG}"}}'), "no-plain-secret") != []
    assert broken(step('{"x": "short words"}'), "no-plain-secret") == []


def stack(rule: str, *resources: Resource) -> list[str]:
    """Return what a rule of the whole stack says."""
    (one,) = [one for one in STACK_RULES if one.name == rule]
    return [text for _, text in one.check(resources, FACTS)]


EDGE = Resource(
    type=SERVICE,
    name="traefik",
    props={
        "taskSpec": {"containerSpec": {"args": ["--certificatesresolvers.letsencrypt.acme.x=y"]}}
    },
)
ROUTED = {
    "traefik__http__routers__web__rule": "Host(`a.example.com`)",
    "traefik__http__routers__web__entrypoints": "websecure",
}
CERTIFIED = {**ROUTED, "traefik__http__routers__web__tls__certresolver": "letsencrypt"}


def test_each_name_has_a_certificate_where_the_edge_speaks_https() -> None:
    rule = "certificate-for-each-name"
    assert stack(rule, EDGE, service(None, **CERTIFIED)) == []
    (text,) = stack(rule, EDGE, service(None, **ROUTED))
    assert "a.example.com gets no certificate" in text
    plain_http = {**CERTIFIED, "traefik__http__routers__web__entrypoints": "web"}
    (text,) = stack(rule, EDGE, service(None, **plain_http))
    assert "served without HTTPS" in text
    assert stack(rule, service(None, **plain_http)) == []


@pytest.mark.parametrize(
    ("record", "good"), [("a.example.com", True), ("*.example.com", True), ("b.example.com", False)]
)
def test_each_name_in_our_zones_has_a_record(record: str, *, good: bool) -> None:
    one = Resource(type=RECORD, name="r", props={"name": record, "zoneId": ZONE})
    found = stack("record-for-each-name", one, service(None, **ROUTED))
    assert found == [] if good else "no DNS record leads to a.example.com" in found[0]


def test_a_name_in_a_foreign_zone_needs_no_record_of_ours() -> None:
    foreign = {"traefik__http__routers__web__rule": "Host(`a.example.org`)"}
    assert stack("record-for-each-name", service(None, **foreign)) == []


def everything(changes: Mapping[str, object]) -> tuple[list[Resource], Facts]:
    """Return all that the program declares for a stack file, and what its rules may know."""
    tokens = {one.rpartition(":")[2]: one for one in (SERVICE, VOLUME, RECORD, COMMAND, CONTAINER)}
    made = [
        Resource(
            type=tokens[one.kind],
            name=one.name,
            props=one.inputs,
            protect=bool(one.options.get("protect")),
        )
        for one in declared(changes).values()
        if one.kind in tokens
    ]
    return made, facts({f"estate:{key}": text or "" for key, text in raw(changed(changes)).items()})


@pytest.mark.parametrize("acme", [None, {"email": "admin@example.com"}])
def test_what_the_program_declares_keeps_every_rule(acme: object) -> None:
    made, known = everything({**CRM, "edge.acme": acme})
    assert {one.type for one in made} >= {SERVICE, VOLUME, RECORD, COMMAND}
    assert known.secrets
    found = [(one.name, text) for one in made for rule in RULES for text in rule.broken(one, known)]
    found += [(one.name, text) for rule in STACK_RULES for one, text in rule.check(made, known)]
    assert found == []


def test_the_facts_are_of_the_stack_file() -> None:
    known = facts({
        "estate:dns": '{"zones": {"example.com": "1f"}}',
        "estate:crmSecrets": '{"POSTGRES_PASSWORD": "one", "env": {"A": "placeholder"}}',
        "estate:registrySecrets": '{"ghcr.io": {"username": "team", "password": "four"}}',
        "estate:crm": '{"image": "two"}',
        "aws:fooSecrets": '{"x": "three"}',
        "estate:otherSecrets": "no JSON",
    })
    assert known == Facts(zones={"example.com": "1f"}, secrets=frozenset({"one", "four"}))


def test_unknown_values_do_not_stop_a_rule() -> None:
    props = unknown_checking_proxy({"a": [{"id": UNKNOWN_STRING_VALUE, "b": 1}], "c": None})
    assert plain(props) == {"a": [{"id": LATER, "b": 1}], "c": None}


def test_every_rule_is_a_policy_with_a_name_of_its_own() -> None:
    assert [one.name for one in policies()] == NAMES
    assert len(set(NAMES)) == len(NAMES)


def test_every_rule_is_broken_by_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    for name in NAMES:
        assert f'"{name}"' in text, name


def test_every_rule_is_explained() -> None:
    text = (ROOT / "docs/previews.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"`{name}`" in text, name
