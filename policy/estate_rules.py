"""Rules of what stands around services: secrets, volumes, names and certificates. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from policy.resource import (
    COMMAND,
    RECORD,
    SERVICE,
    VOLUME,
    Facts,
    Resource,
    Rule,
    StackRule,
)

_NAMES_A_SECRET = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE
)
_LOGIN_IN_URL = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_INSTEAD = "Put it into the secrets of its application: it then reaches the task as a file"
_LEAST = 12
"""Characters below which a secret may be a word that is found anywhere, such as `password`."""
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_HOST = re.compile(r"Host\(`([^`]+)`\)")
_RULE = re.compile(r"(traefik\.http\.routers\.[^.]+)\.rule")
_RESOLVER = "--certificatesresolvers."


def no_plain_secret(resource: Resource, facts: Facts) -> Iterator[str]:
    """Whoever may inspect a service, or read the state, reads its variables and its command."""
    for name, value in _variables(resource):
        if _NAMES_A_SECRET.search(name) and not name.endswith("_FILE") and value:
            yield f"variable {name} holds a secret. {_INSTEAD}"
        elif _LOGIN_IN_URL.search(value):
            yield f"variable {name} holds an address with a password in it. {_INSTEAD}"
    text = json.dumps(_open_parts(resource), ensure_ascii=False)
    if any(len(secret) >= _LEAST and secret in text for secret in facts.secrets):
        yield f"shows a secret of the stack file where it can be inspected. {_INSTEAD}"


def step_images_by_digest(command: Resource, _facts: Facts) -> Iterator[str]:
    """A job of a release runs what the release names, and nothing that was pushed since."""
    for image in _images(_step_input(command)):
        if not _DIGEST.search(image):
            yield f"runs a job on {image}, which has no digest. Write NAME@sha256:…"


def volume_is_protected(volume: Resource, _facts: Facts) -> Iterator[str]:
    """No destroy, and no line taken out of the stack file, may delete data."""
    if not volume.protect:
        yield "is not protected. Declare it with components/swarm/volume.py"


def record_in_zone(record: Resource, facts: Facts) -> Iterator[str]:
    """A record in the wrong zone answers nobody, or somebody else's name."""
    name, id_ = str(record.at("name")), record.at("zoneId")
    zones = sorted(zone for zone, its in facts.zones.items() if its == id_)
    if not zones:
        yield f"{name}: its zone is none of estate:dns.zones. Add the zone, or correct the id"
    elif not any(_inside(name, zone) for zone in zones):
        yield f"{name} is not inside the zone {zones[0]}. Use a name that ends with {zones[0]}"


def certificate_for_each_name(
    resources: Sequence[Resource], _facts: Facts
) -> Iterator[tuple[Resource, str]]:
    """Where the edge speaks HTTPS, every public name does."""
    services = [one for one in resources if one.type == SERVICE]
    if not any(_gets_certificates(one) for one in services):
        return
    for service in services:
        labels = service.labels
        for label, rule in labels.items():
            router = _RULE.fullmatch(label)
            if router is None:
                continue
            names = ", ".join(_HOST.findall(rule)) or rule
            if labels.get(f"{router[1]}.entrypoints") != "websecure":
                yield service, f"{names} is served without HTTPS. Use the entry point websecure"
            elif f"{router[1]}.tls.certresolver" not in labels:
                yield service, f"{names} gets no certificate. Make its labels with route_labels"


def record_for_each_name(
    resources: Sequence[Resource], facts: Facts
) -> Iterator[tuple[Resource, str]]:
    """A public name inside our zones leads somewhere."""
    known = {str(one.at("name")) for one in resources if one.type == RECORD}
    for service in (one for one in resources if one.type == SERVICE):
        for label, rule in service.labels.items():
            if not _RULE.fullmatch(label):
                continue
            for name in _HOST.findall(rule):
                ours = any(_inside(name, zone) for zone in facts.zones)
                wild = f"*.{name.partition('.')[2]}"
                if ours and not {name, wild} & known:
                    yield service, f"no DNS record leads to {name}. Add it to estate:dns.records"


def _inside(name: str, zone: str) -> bool:
    return f".{name}".endswith(f".{zone}")


def _gets_certificates(service: Resource) -> bool:
    arguments = service.at("taskSpec.containerSpec.args") or ()
    return any(str(one).startswith(_RESOLVER) for one in arguments)


def _variables(resource: Resource) -> Iterator[tuple[str, str]]:
    path = "environment" if resource.type == COMMAND else "taskSpec.containerSpec.env"
    given = resource.at(path) or {}
    if isinstance(given, Mapping):
        yield from ((str(name), str(value)) for name, value in given.items())


def _open_parts(resource: Resource) -> list[object]:
    """Return what may be read by whoever inspects it: no secret file, and no standard input."""
    if resource.type == COMMAND:
        return [resource.at(name) for name in ("create", "update", "environment", "triggers")]
    return [resource.at("labels"), resource.at("taskSpec")]


def _step_input(command: Resource) -> object:
    text = str(command.at("environment.STEP_INPUT") or "{}")
    return json.loads(text) if text.startswith("{") else {}


def _images(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == "image" and isinstance(one, str):
                yield one
            else:
                yield from _images(one)
    elif isinstance(value, list):
        for one in value:
            yield from _images(one)


RULES = (
    Rule(
        name="no-plain-secret",
        description="No secret is readable where a service or a step can be inspected",
        types=[SERVICE, COMMAND],
        check=no_plain_secret,
    ),
    Rule(
        name="step-image-by-digest",
        description="Every job of a release runs an image named by its digest",
        types=[COMMAND],
        check=step_images_by_digest,
    ),
    Rule(
        name="volume-protected",
        description="No volume can be deleted by a change of the program",
        types=[VOLUME],
        check=volume_is_protected,
    ),
    Rule(
        name="record-in-zone",
        description="Every DNS name is inside the zone that holds it",
        types=[RECORD],
        check=record_in_zone,
    ),
)

STACK_RULES = (
    StackRule(
        name="certificate-for-each-name",
        description="Every public name has a certificate where the edge speaks HTTPS",
        check=certificate_for_each_name,
    ),
    StackRule(
        name="record-for-each-name",
        description="A DNS record leads to every public name inside our zones",
        check=record_for_each_name,
    ),
)
