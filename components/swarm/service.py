"""Swarm services with every field set that an unattended update depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker

from components.hooks import Hooks
from components.swarm.labels import label_args
from components.swarm.order import HostPort, Mount, UpdateOrder, update_order
from components.swarm.secret import SecretFile
from settings import Duration

ORDER_LABEL = "estate.update-order"

_LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}
_RESTART_DELAY_S = 5
_MONITOR_S = 15
"""How long a new task is watched after it is healthy; a crash later than that is a restart."""
_CONVERGE_POLL = "2s"
_CONVERGE_SLACK_S = 120
"""On top of what the health check allows: pulling the image, and the roll-back itself (guess)."""


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """How Swarm asks a task whether it serves.

    Attributes:
        test: `CMD` and an argument list, cheap: it runs for ever.
        interval_s: seconds between two questions.
        timeout_s: seconds until a question counts as failed.
        retries: failed questions in a row that make a task unhealthy.
        start_period_s: seconds in which a failure does not count yet.
    """

    test: Sequence[str]
    interval_s: int = 10
    timeout_s: int = 3
    retries: int = 5
    start_period_s: int = 30

    @property
    def patience_s(self) -> int:
        """Seconds until a task that never answers is given up."""
        return self.start_period_s + self.retries * (self.interval_s + self.timeout_s)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A network of a service.

    Attributes:
        network: its id.
        name: its Docker name.
        aliases: short names that answer there; only on a private network of one stack.
    """

    network: pulumi.Input[str]
    name: str
    aliases: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A service of one task, in the terms of Swarm.

    Attributes:
        name: its Docker name.
        image: reference with a digest.
        healthcheck: how it shows that it serves.
        memory_limit: bytes after which a task is ended.
        memory_reservation: bytes that the node keeps for it.
        networks: where it can be reached.
        entrypoint: replaces the image's entrypoint.
        args: replaces the image's command.
        env: variables, none of them secret.
        mounts: volumes and folders.
        ports: ports of the node; the edge only.
        secrets: secret files.
        labels: on the service, not on its containers.
        container_labels: on its containers.
        constraints: where it may run.
        stop_signal: what asks it to end.
        stop_grace_s: seconds it has for that.
        dir: working folder; None leaves it to the image.
        user: who runs it; None leaves it to the image. Of no service that a release switches.
    """

    name: str
    image: str
    healthcheck: Healthcheck
    memory_limit: int
    memory_reservation: int
    networks: Sequence[Attachment]
    entrypoint: Sequence[str] = ()
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    ports: Sequence[HostPort] = ()
    secrets: Sequence[SecretFile] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    container_labels: Mapping[str, str] = field(default_factory=dict)
    constraints: Sequence[str] = ()
    stop_signal: str = "SIGTERM"
    stop_grace_s: int = 30
    dir: str | None = None
    user: str | None = None

    @property
    def order(self) -> UpdateOrder:
        """What an update does first, and why."""
        return update_order(self.mounts, self.ports)

    @property
    def patience_s(self) -> int:
        """Seconds in which a new task has to be healthy, the old one's end included."""
        return self.healthcheck.patience_s + self.stop_grace_s

    @property
    def all_labels(self) -> dict[str, str]:
        """Labels of the service, with the one that explains its updates."""
        order = self.order
        return {**self.labels, ORDER_LABEL: f"{order.order}: {order.reason}"}


def as_input(spec: ServiceSpec) -> dict[str, object]:
    """Return a service whole and in plain values, for a step that changes it; pure.

    It says the same as `service` declares: a test compares what both make in a Swarm.
    """
    check, rollout = spec.healthcheck, {"order": spec.order.order, "monitor_s": _MONITOR_S}
    return {
        "name": spec.name,
        "image": spec.image,
        "labels": spec.all_labels,
        "container_labels": dict(spec.container_labels),
        "entrypoint": list(spec.entrypoint),
        "args": list(spec.args),
        "env": dict(spec.env),
        "dir": spec.dir,
        "stop_signal": spec.stop_signal,
        "stop_grace_s": spec.stop_grace_s,
        "health": {
            "test": list(check.test),
            "interval_s": check.interval_s,
            "timeout_s": check.timeout_s,
            "retries": check.retries,
            "start_period_s": check.start_period_s,
        },
        "mounts": [mount_input(mount) for mount in spec.mounts],
        "secrets": [{"name": secret.name, "target": secret.target} for secret in spec.secrets],
        "networks": [
            {"name": network.name, "aliases": sorted(network.aliases)} for network in spec.networks
        ],
        "constraints": sorted(spec.constraints),
        "memory_limit": spec.memory_limit,
        "memory_reservation": spec.memory_reservation,
        "restart_delay_s": _RESTART_DELAY_S,
        "log_options": _LOG_OPTIONS,
        "update": {**rollout, "failure_action": "rollback"},
        "rollback": {**rollout, "failure_action": "pause"},
        "patience_s": spec.patience_s,
    }


def mount_input(mount: Mount) -> dict[str, object]:
    """Return a mount in plain values, for a step; pure."""
    return {
        "type": mount.kind,
        "source": mount.source,
        "target": mount.target,
        "read_only": mount.read_only,
        **({"labels": dict(mount.labels)} if mount.labels else {}),
    }


def service(spec: ServiceSpec, hooks: Hooks, opts: pulumi.ResourceOptions) -> docker.Service:
    """Declare a service whose update is undone by Swarm and reported when the new task fails.

    Args:
        spec: the service.
        hooks: what explains a failure.
        opts: parent, provider and what has to happen first.
    """
    order = spec.order.order
    watched = pulumi.ResourceOptions(
        hooks=hooks.for_service,
        # At a create the provider writes there what the registry says of the image.
        ignore_changes=["taskSpec.placement.platforms"],
    )
    return docker.Service(
        spec.name,
        name=spec.name,
        labels=label_args(docker.ServiceLabelArgs, spec.all_labels),
        mode=docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas=1)),
        task_spec=_task(spec),
        # Traefik and jobs talk to task addresses; IPVS would drop idle database connections.
        endpoint_spec=docker.ServiceEndpointSpecArgs(
            mode="dnsrr", ports=[_port(port) for port in spec.ports]
        ),
        update_config=docker.ServiceUpdateConfigArgs(
            parallelism=1,
            delay="0s",
            failure_action="rollback",
            monitor=Duration(_MONITOR_S).go,
            max_failure_ratio="0.0",
            order=order,
        ),
        rollback_config=docker.ServiceRollbackConfigArgs(
            parallelism=1,
            delay="0s",
            failure_action="pause",
            monitor=Duration(_MONITOR_S).go,
            max_failure_ratio="0.0",
            order=order,
        ),
        converge_config=docker.ServiceConvergeConfigArgs(
            delay=_CONVERGE_POLL, timeout=Duration(2 * spec.patience_s + _CONVERGE_SLACK_S).go
        ),
        opts=pulumi.ResourceOptions.merge(opts, watched),
    )


def _task(spec: ServiceSpec) -> docker.ServiceTaskSpecArgs:
    return docker.ServiceTaskSpecArgs(
        container_spec=_container(spec),
        resources=docker.ServiceTaskSpecResourcesArgs(
            limits=docker.ServiceTaskSpecResourcesLimitsArgs(memory_bytes=spec.memory_limit),
            reservation=docker.ServiceTaskSpecResourcesReservationArgs(
                memory_bytes=spec.memory_reservation
            ),
        ),
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
            condition="any", delay=Duration(_RESTART_DELAY_S).go, max_attempts=0, window="0s"
        ),
        placement=docker.ServiceTaskSpecPlacementArgs(constraints=sorted(spec.constraints)),
        networks_advanceds=[
            docker.ServiceTaskSpecNetworksAdvancedArgs(
                id=attachment.network, aliases=sorted(attachment.aliases)
            )
            for attachment in spec.networks
        ],
        log_driver=docker.ServiceTaskSpecLogDriverArgs(name="json-file", options=_LOG_OPTIONS),
        runtime="container",
        force_update=0,
    )


def _container(spec: ServiceSpec) -> docker.ServiceTaskSpecContainerSpecArgs:
    check = spec.healthcheck
    return docker.ServiceTaskSpecContainerSpecArgs(
        image=spec.image,
        commands=list(spec.entrypoint) or None,
        args=list(spec.args) or None,
        env=dict(spec.env),
        dir=spec.dir,
        labels=label_args(docker.ServiceTaskSpecContainerSpecLabelArgs, spec.container_labels)
        or None,
        user=spec.user,
        stop_signal=spec.stop_signal,
        stop_grace_period=Duration(spec.stop_grace_s).go,
        healthcheck=docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
            tests=list(check.test),
            interval=Duration(check.interval_s).go,
            timeout=Duration(check.timeout_s).go,
            retries=check.retries,
            start_period=Duration(check.start_period_s).go,
        ),
        mounts=[_mount(mount) for mount in spec.mounts],
        secrets=[
            docker.ServiceTaskSpecContainerSpecSecretArgs(
                secret_id=secret.id,
                secret_name=secret.name,
                file_name=secret.target,
                file_uid="0",
                file_gid="0",
                file_mode=0o444,
            )
            for secret in sorted(spec.secrets, key=lambda secret: secret.target)
        ],
    )


def _mount(mount: Mount) -> docker.ServiceTaskSpecContainerSpecMountArgs:
    kind = docker.ServiceTaskSpecContainerSpecMountVolumeOptionsLabelArgs
    labelled = docker.ServiceTaskSpecContainerSpecMountVolumeOptionsArgs(
        labels=label_args(kind, mount.labels)
    )
    return docker.ServiceTaskSpecContainerSpecMountArgs(
        type=mount.kind,
        source=mount.source,
        target=mount.target,
        read_only=mount.read_only,
        volume_options=labelled if mount.labels else None,
    )


def _port(port: HostPort) -> docker.ServiceEndpointSpecPortArgs:
    return docker.ServiceEndpointSpecPortArgs(
        protocol="tcp",
        publish_mode="host",
        target_port=port.target,
        published_port=port.published,
    )
