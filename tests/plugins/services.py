"""Programs with one service that sets every field."""

from __future__ import annotations

TEMPLATE = """
import pulumi_docker as docker
net = docker.Network("net", name="{prefix}-net", driver="overlay", attachable=True)
vol = docker.Volume("vol", name="{prefix}-vol")
key = docker.Secret("key", name="{prefix}-key", data="c2VjcmV0")
task = docker.ServiceTaskSpecArgs
docker.Service("svc", name="{prefix}-svc",
    labels=[docker.ServiceLabelArgs(label="estate.test", value="{label}")],
    mode=docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas={replicas})),
    endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr", ports=[
        docker.ServiceEndpointSpecPortArgs(target_port=8080, published_port={port},
            protocol="tcp", publish_mode="host")]),
    update_config=docker.ServiceUpdateConfigArgs(parallelism=1, delay="0s", monitor="5s",
        failure_action="rollback", max_failure_ratio="0.0", order="stop-first"),
    rollback_config=docker.ServiceRollbackConfigArgs(parallelism=1, delay="0s", monitor="5s",
        failure_action="pause", max_failure_ratio="0.0", order="stop-first"),
    converge_config=docker.ServiceConvergeConfigArgs(delay="2s", timeout="{timeout}"),
    task_spec=docker.ServiceTaskSpecArgs(
        container_spec=docker.ServiceTaskSpecContainerSpecArgs(
            image="{image}", commands=["/bin/sh", "-c"], args=["{command}"],
            env={{"WORD": "{word}"}}, stop_signal="SIGKILL", stop_grace_period="30s",
            labels=[docker.ServiceTaskSpecContainerSpecLabelArgs(label="c", value="v")],
            hostname="box", user="0", dir="/", read_only=False,
            mounts=[docker.ServiceTaskSpecContainerSpecMountArgs(
                type="volume", source=vol.name, target="/data")],
            secrets=[docker.ServiceTaskSpecContainerSpecSecretArgs(
                secret_id=key.id, secret_name=key.name, file_name="/run/secrets/key",
                file_uid="0", file_gid="0", file_mode=0o400)],
            healthcheck=docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
                tests=["CMD", "/bin/true"], interval="2s", timeout="1m30s", start_period="1s",
                retries=3)),
        networks_advanceds=[docker.ServiceTaskSpecNetworksAdvancedArgs(
            id=net.id, aliases=["box", "alias"])],
        placement=docker.ServiceTaskSpecPlacementArgs(constraints=["node.role == manager"]),
        resources=docker.ServiceTaskSpecResourcesArgs(
            limits=docker.ServiceTaskSpecResourcesLimitsArgs(memory_bytes={memory}),
            reservation=docker.ServiceTaskSpecResourcesReservationArgs(memory_bytes=4194304)),
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
            condition="any", delay="1s", max_attempts=0, window="0s"),
        log_driver=docker.ServiceTaskSpecLogDriverArgs(
            name="json-file", options={{"max-size": "1m", "max-file": "2"}})))
"""


def service(prefix: str, repository: str, **changed: object) -> str:
    """Return a program; `changed` overrides single values of it."""
    values: dict[str, object] = {
        "prefix": prefix,
        "image": f"{repository}:1",
        "label": "one",
        "replicas": 1,
        # Of a host, so no two tests may share one.
        "port": 20000 + int(prefix.rpartition("-")[2], 16) % 10000,
        "timeout": "60s",
        "command": "sleep 100000",
        "word": "one",
        "memory": 16777216,
    }
    return TEMPLATE.format(**(values | changed))
