"""What a service is now, in the words of a program: the way back from the Docker API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.plugins.docker.labels import to_pairs
from local.plugins.docker.service.seen_container import seen_container
from swarm_spec import write_duration

if TYPE_CHECKING:
    from provider.wire.values import Bag


def seen_service(service: Bag) -> Bag:
    """Return the properties of an inspected service."""
    spec = service["Spec"]
    endpoint = service.get("Endpoint") or {}
    planned = spec.get("EndpointSpec") or {}
    live = (endpoint.get("Spec") or {}).get("Mode")
    ports = endpoint.get("Ports") if live else planned.get("Ports")
    return present({
        "name": spec["Name"],
        "labels": to_pairs(spec.get("Labels")),
        "taskSpec": _task(spec["TaskTemplate"]),
        "mode": _mode(spec["Mode"]),
        "updateConfig": _rollout(spec.get("UpdateConfig")),
        "rollbackConfig": _rollout(spec.get("RollbackConfig")),
        "endpointSpec": {
            "mode": live or planned.get("Mode", ""),
            "ports": [_port(port) for port in ports or []],
        },
    })


def present(bag: Bag) -> Bag:
    """Leave out what is absent or empty, but keep zeros and false."""
    return {name: value for name, value in bag.items() if value not in (None, "", [], {})}


def _task(task: Bag) -> Bag:
    log = task.get("LogDriver")
    return present({
        "containerSpec": seen_container(task["ContainerSpec"]),
        "resources": _resources(task.get("Resources") or {}),
        "restartPolicy": _restart(task.get("RestartPolicy") or {}),
        "placement": _placement(task.get("Placement") or {}),
        "forceUpdate": task.get("ForceUpdate", 0),
        "runtime": task.get("Runtime"),
        "networksAdvanceds": [_network(network) for network in task.get("Networks") or []],
        "logDriver": log and present({"name": log["Name"], "options": log.get("Options")}),
    })


def _resources(resources: Bag) -> Bag:
    limits, reserved = resources.get("Limits"), resources.get("Reservations")
    return present({
        "limits": limits and _amounts(limits),
        "reservation": reserved
        and present({
            **_amounts(reserved),
            "genericResources": _generic(reserved.get("GenericResources") or []),
        }),
    })


def _amounts(amounts: Bag) -> Bag:
    return {
        "nanoCpus": amounts.get("NanoCPUs", 0),
        "memoryBytes": amounts.get("MemoryBytes", 0),
    }


def _generic(generic: list[Bag]) -> Bag:
    def write_all(kind: str) -> list[str]:
        specs = [item[kind] for item in generic if item.get(kind)]
        return [f"{spec['Kind']}={spec['Value']}" for spec in specs]

    return present({
        "namedResourcesSpecs": write_all("NamedResourceSpec"),
        "discreteResourcesSpecs": write_all("DiscreteResourceSpec"),
    })


def _restart(policy: Bag) -> Bag:
    seen = present({"condition": policy.get("Condition")})
    if "MaxAttempts" in policy:
        seen["maxAttempts"] = policy["MaxAttempts"]
    for name in ("Delay", "Window"):
        if name in policy:
            seen[name.lower()] = write_duration(policy[name])
    return seen


def _placement(placement: Bag) -> Bag:
    return present({
        "constraints": placement.get("Constraints"),
        "prefs": [p["Spread"]["SpreadDescriptor"] for p in placement.get("Preferences") or []],
        "maxReplicas": placement.get("MaxReplicas", 0),
        "platforms": [
            {"architecture": platform.get("Architecture", ""), "os": platform.get("OS", "")}
            for platform in placement.get("Platforms") or []
        ],
    })


def _network(network: Bag) -> Bag:
    options = network.get("DriverOpts") or {}
    return present({
        "id": network["Target"],
        # A set to a program; `docker stack deploy` may give Swarm the same name twice.
        "aliases": list(dict.fromkeys(network.get("Aliases") or [])),
        "driverOpts": [f"{name}={value}" for name, value in sorted(options.items())],
    })


def _mode(mode: Bag) -> Bag:
    replicated = mode.get("Replicated")
    return present({
        "replicated": replicated and {"replicas": replicated.get("Replicas", 0)},
        "global": mode.get("Global") is not None,
    })


def _rollout(config: Bag | None) -> Bag | None:
    if config is None:
        return None
    return {
        "parallelism": config.get("Parallelism", 0),
        "delay": write_duration(config.get("Delay", 0)),
        "failureAction": config.get("FailureAction", ""),
        "monitor": write_duration(config.get("Monitor", 0)),
        "maxFailureRatio": f"{config.get('MaxFailureRatio', 0):.1f}",
        "order": config.get("Order", ""),
    }


def _port(port: Bag) -> Bag:
    return present({
        "name": port.get("Name"),
        "protocol": port.get("Protocol"),
        "targetPort": port.get("TargetPort"),
        "publishedPort": port.get("PublishedPort", 0),
        "publishMode": port.get("PublishMode"),
    })
