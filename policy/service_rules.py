"""Rules of a Swarm service. Each is a pure function over one resource."""

import re
from collections.abc import Iterator

from policy.resource import CONTAINER, SERVICE, Facts, Resource, Rule

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_ORDER_LABEL = "estate.update-order"
_SYSTEM_LABEL = "estate.system"
_EDGES = ("edge", "npm")
"""Systems whose services may hold ports of the host: the two proxies."""
_HANDS_OVER_THE_HOST = re.compile(
    r"^(/|/var|/var/run|/run|/etc|/root|/proc|/sys|/dev|/boot|/var/lib/docker)(/?)$|docker\.sock$"
)
_SOCKET = re.compile(r"docker\.sock$")
_UPDATE = ("parallelism", "delay", "failureAction", "monitor", "maxFailureRatio", "order")
_RESTART = ("condition", "delay", "maxAttempts", "window")


def image_by_digest(service: Resource, _facts: Facts) -> Iterator[str]:
    """A tag can be pushed again: only a digest names what runs."""
    image = str(service.at("taskSpec.containerSpec.image"))
    if not _DIGEST.search(image):
        yield (
            f"image {image} has no digest. Write NAME@sha256:…, as "
            "`docker buildx imagetools inspect` shows it"
        )


def has_healthcheck(service: Resource, _facts: Facts) -> Iterator[str]:
    """Without one, an update counts as good as soon as a process exists."""
    check = service.at("taskSpec.containerSpec.healthcheck") or {}
    if not check.get("tests") or check["tests"][0] == "NONE":
        yield "has no health check. Give ServiceSpec.healthcheck a cheap command that asks it"
    elif not all(check.get(name) for name in ("interval", "timeout", "retries")):
        yield "has a health check without interval, timeout or retries. Set all three"


def has_memory_limit(service: Resource, _facts: Facts) -> Iterator[str]:
    """One service must not take the memory of all others."""
    limit = service.at("taskSpec.resources.limits.memoryBytes") or 0
    reserved = service.at("taskSpec.resources.reservation.memoryBytes") or 0
    if not limit:
        yield "has no memory limit. Set memory_limit of its part of the stack file"
    elif not reserved:
        yield "reserves no memory. Set memory_reservation of its part of the stack file"
    elif reserved > limit:
        yield f"reserves {reserved} bytes and may use {limit}. Lower memory_reservation"


def has_log_rotation(service: Resource, _facts: Facts) -> Iterator[str]:
    """Logs without an end fill the disk that the databases are on."""
    driver = service.at("taskSpec.logDriver") or {}
    options = driver.get("options") or {}
    if not driver.get("name"):
        yield "names no log driver, so its logs grow for ever. Use json-file with max-size"
    elif driver["name"] == "json-file" and not (
        options.get("max-size") and options.get("max-file")
    ):
        yield "its logs grow for ever. Give json-file the options max-size and max-file"


def can_be_rolled_back(service: Resource, _facts: Facts) -> Iterator[str]:
    """An unattended update has to be undone by Swarm itself."""
    for config, action in (("updateConfig", "rollback"), ("rollbackConfig", "pause")):
        given = service.at(config) or {}
        if missing := [name for name in _UPDATE if given.get(name) in {None, ""}]:
            yield f"{config} lacks {', '.join(missing)}. Set every field"
        elif given["failureAction"] != action:
            yield f"{config}.failureAction is {given['failureAction']}. It has to be {action}"
    restart = service.at("taskSpec.restartPolicy") or {}
    if missing := [name for name in _RESTART if restart.get(name) in {None, ""}]:
        yield f"its restart policy lacks {', '.join(missing)}. Set every field"


def ends_in_order(service: Resource, _facts: Facts) -> Iterator[str]:
    """Unset is 0 s, and a database that is killed has to read its log again."""
    container = service.at("taskSpec.containerSpec") or {}
    if container.get("stopGracePeriod") in {None, "", "0s", "0"}:
        yield "is killed at once when it is stopped. Set ServiceSpec.stop_grace_s"
    if not container.get("stopSignal"):
        yield "names no stop signal. Set ServiceSpec.stop_signal"


def holds_no_host(service: Resource, _facts: Facts) -> Iterator[str]:
    """Who holds the Docker socket or the host's own folders holds the host."""
    for mount in service.mounts:
        source = str(mount.get("source"))
        if mount.get("type") != "bind" or not _HANDS_OVER_THE_HOST.search(source):
            continue
        if not _SOCKET.search(source) or not _is_filter(service, read_only=mount.get("readOnly")):
            yield (
                f"mounts {source} of the host. Ask the Docker API through the edge's filter, and "
                "keep files in a volume"
            )


def is_not_privileged(container: Resource, _facts: Facts) -> Iterator[str]:
    """A privileged container is the host."""
    if container.at("privileged"):
        yield "is privileged. Leave that out; add the one capability that it needs"


def has_one_writer(service: Resource, _facts: Facts) -> Iterator[str]:
    """Two tasks may never hold what has room for one: an SQLite file, a port of the host."""
    said = service.labels.get(_ORDER_LABEL, "")
    writable = [str(one.get("source")) for one in service.mounts if not one.get("readOnly")]
    alone = [source for source in writable if source not in said.split()]
    for config in ("updateConfig", "rollbackConfig"):
        if service.at(f"{config}.order") != "start-first":
            continue
        if not said.startswith("start-first:") or alone:
            what = ", ".join(alone) or "nothing that its label names"
            yield (
                f"{config}.order is start-first, and one task alone may write {what}. Use "
                "stop-first, or declare the mount shared if two may"
            )
        elif service.ports:
            yield f"{config}.order is start-first, and it holds a port of the host. Use stop-first"


def publishes_nothing(service: Resource, _facts: Facts) -> Iterator[str]:
    """The edge is the only way in, and it has to see the client's address."""
    for port in service.ports:
        published = port.get("publishedPort")
        if service.labels.get(_SYSTEM_LABEL) not in _EDGES:
            yield (
                f"publishes port {published}. Give it a route through the edge, or keep it on a "
                "private network"
            )
        elif port.get("publishMode") != "host":
            yield f"publishes port {published} through the ingress. Use publish_mode host"


def _is_filter(service: Resource, *, read_only: object) -> bool:
    """Whether it is the edge's filter: on a configuration that it is given, and not reached."""
    command = service.at("taskSpec.containerSpec.commands") or [""]
    given = service.at("taskSpec.containerSpec.secrets") or ()
    return (
        service.labels.get(_SYSTEM_LABEL) == "edge"
        and bool(read_only)
        and command[0] == "haproxy"
        and command[-1] in [one.get("fileName") for one in given]
        and not service.ports
    )


RULES = (
    Rule(
        name="image-by-digest",
        description="Every image is named by its digest",
        types=[SERVICE],
        check=image_by_digest,
    ),
    Rule(
        name="healthcheck",
        description="Every service shows that it serves",
        types=[SERVICE],
        check=has_healthcheck,
    ),
    Rule(
        name="memory-limit",
        description="No service can take the memory of the others",
        types=[SERVICE],
        check=has_memory_limit,
    ),
    Rule(
        name="log-rotation",
        description="No log can fill the disk",
        types=[SERVICE],
        check=has_log_rotation,
    ),
    Rule(
        name="update-and-rollback",
        description="Swarm undoes an update that fails, without a person",
        types=[SERVICE],
        check=can_be_rolled_back,
    ),
    Rule(
        name="stop-grace",
        description="Every service has time to end",
        types=[SERVICE],
        check=ends_in_order,
    ),
    Rule(
        name="no-way-to-the-host",
        description="Nothing but the edge's filter reaches the Docker socket or the host's folders",
        types=[SERVICE],
        check=holds_no_host,
    ),
    Rule(
        name="not-privileged",
        description="No container is privileged",
        types=[CONTAINER],
        check=is_not_privileged,
    ),
    Rule(
        name="single-writer",
        description="What has room for one writer is never held by two",
        types=[SERVICE],
        check=has_one_writer,
    ),
    Rule(
        name="only-edge-ports",
        description="Only the edge holds ports of a host",
        types=[SERVICE],
        check=publishes_nothing,
    ),
)
