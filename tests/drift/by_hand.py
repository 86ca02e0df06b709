"""What a person does to a running estate behind the stack file's back."""

import subprocess
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.engine.stack import Stack, eventually

CONTAINER, TASK = "taskSpec.containerSpec", "taskSpec"


@dataclass(frozen=True)
class Change:
    """Something that a person does to a service.

    Attributes:
        service: its name after the stack's.
        options: for `docker service update`.
        field: where the drift check is to find it, and
        found: what it is to show there.
    """

    service: str
    options: tuple[str, ...]
    field: str
    found: str


BACKEND, DATABASE, FILTER, EDGE = "-backend", "-postgres", "_edge_docker", "_edge"

CHANGES = {
    "a variable added": Change(BACKEND, ("--env-add=DEBUG=1",), f"{CONTAINER}.env.DEBUG", '"1"'),
    "a secret variable": Change(
        BACKEND, ("--env-add=MY_PASSWORD=qcanary",), f"{CONTAINER}.env.MY_PASSWORD", "***"
    ),
    "a secret taken away": Change(
        BACKEND, ("--secret-rm={env}",), f'{CONTAINER}.secrets["/app/.env"]', "nothing"
    ),
    "a volume mounted": Change(
        BACKEND,
        ("--mount-add=type=volume,source={stack}_logs,target=/planted",),
        f'{CONTAINER}.mounts["/planted"]',
        '"/planted"',
    ),
    "a network joined": Change(
        BACKEND,
        ("--network-add={stack}_edge_docker",),
        f"{TASK}.networksAdvanceds.quay_edge_docker",
        "quay_edge_docker",
    ),
    "another user": Change(BACKEND, ("--user=daemon",), f"{CONTAINER}.user", '"daemon"'),
    "a host name": Change(BACKEND, ("--hostname=box",), f"{CONTAINER}.hostname", '"box"'),
    "a capability": Change(
        BACKEND, ("--cap-add=CAP_NET_RAW",), f"{CONTAINER}.capAdds", '"CAP_NET_RAW"'
    ),
    "a kernel parameter": Change(
        BACKEND,
        ("--sysctl-add=net.core.somaxconn=99",),
        f'{CONTAINER}.sysctls["net.core.somaxconn"]',
        '"99"',
    ),
    "a name server": Change(
        BACKEND, ("--dns-add=203.0.113.9",), f"{CONTAINER}.dnsConfig.nameservers", "203.0.113.9"
    ),
    "an entry of /etc/hosts": Change(
        BACKEND, ("--host-add=api:203.0.113.9",), f"{CONTAINER}.hosts", "203.0.113.9 api"
    ),
    "an init process": Change(BACKEND, ("--init",), f"{CONTAINER}.init", "true"),
    "a label of containers": Change(
        BACKEND, ("--container-label-add=q=1",), f"{CONTAINER}.labels.q", '"1"'
    ),
    "a label changed": Change(
        BACKEND, ("--label-add=traefik.enable=false",), 'labels["traefik.enable"]', '"false"'
    ),
    "more memory": Change(
        BACKEND, ("--limit-memory=300M",), f"{TASK}.resources.limits.memoryBytes", "300M"
    ),
    "a limit of processors": Change(
        BACKEND, ("--limit-cpu=1.5",), f"{TASK}.resources.limits.nanoCpus", "1500000000"
    ),
    "a limit of processes": Change(
        BACKEND, ("--limit-pids=500",), f"{TASK}.resources.limits.pids", "500"
    ),
    "a slower restart": Change(
        BACKEND, ("--restart-delay=33s",), f"{TASK}.restartPolicy.delay", "33s"
    ),
    "a constraint added": Change(
        BACKEND,
        ("--constraint-add=node.platform.os==linux",),
        f"{TASK}.placement.constraints",
        "node.platform.os==linux",
    ),
    "another log rotation": Change(
        BACKEND,
        ("--log-driver=json-file", "--log-opt=max-size=99m", "--log-opt=max-file=3"),
        f"{TASK}.logDriver.options.max-size",
        '"99m"',
    ),
    "a health check slowed": Change(
        DATABASE, ("--health-interval=45s",), f"{CONTAINER}.healthcheck.interval", "45s"
    ),
    "fewer retries": Change(
        DATABASE, ("--health-retries=2",), f"{CONTAINER}.healthcheck.retries", "2"
    ),
    "less time to stop": Change(
        DATABASE, ("--stop-grace-period=5s",), f"{CONTAINER}.stopGracePeriod", "5s"
    ),
    "another stop signal": Change(
        DATABASE, ("--stop-signal=SIGQUIT",), f"{CONTAINER}.stopSignal", '"SIGQUIT"'
    ),
    "two writers at once": Change(
        DATABASE, ("--update-order=start-first",), "updateConfig.order", '"start-first"'
    ),
    "failures that are tolerated": Change(
        DATABASE, ("--update-max-failure-ratio=0.5",), "updateConfig.maxFailureRatio", "0.5"
    ),
    "another roll-back": Change(
        DATABASE, ("--rollback-monitor=9s",), "rollbackConfig.monitor", "9s"
    ),
    "a forced restart": Change(DATABASE, ("--force",), f"{TASK}.forceUpdate", "1"),
    "another image": Change(
        FILTER, ("--image={tools}", "--no-resolve-image"), f"{CONTAINER}.image", "tools"
    ),
    "the filter opened": Change(FILTER, ("--env-add=POST=1",), f"{CONTAINER}.env.POST", '"1"'),
    "other arguments": Change(FILTER, ("--args=-d",), f"{CONTAINER}.args", '"-d"'),
    "scaled to nothing": Change(FILTER, ("--replicas=0",), "mode.replicated.replicas", "0"),
}
PAUSE = "--update-failure-action=pause"
"""Without it, Swarm itself would undo a change that breaks the task before anybody looks."""
CONSEQUENCES = {"updateConfig.failureAction", "running tasks", "running image", "last update"}
"""What else may show of a service that was changed so: it is being updated, or fails to be."""


def docker(*arguments: str, stdin: str = "") -> str:
    """Run the command that a person types; a refusal is a failed test."""
    done = subprocess.run(
        ["docker", *arguments], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def remove_strangers(estate: Stack) -> None:
    """Remove what the tests make that nobody declared; what is not there is fine."""
    client = estate.docker
    made: list[tuple[Any, str]] = [
        (client.services, "qminer"),
        (client.secrets, "qkey"),
        (client.configs, "qconf"),
        (client.networks, "qside"),
        (client.volumes, f"{estate.name}_planted"),
    ]
    for kind, name in made:
        eventually(partial(_remove, kind, name), 60)
    eventually(partial(_remove, client.containers, "qshell", force=True), 60)
    for node in client.nodes.list():
        if "qzone" in node.attrs["Spec"].get("Labels", {}):
            docker("node", "update", "--label-rm=qzone", str(node.id))


def _remove(kind: Any, name: str, **options: bool) -> None:  # noqa: ANN401 - of the SDK
    kind.get(name).remove(**options)
