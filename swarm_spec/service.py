"""A service specification as the Docker API wants it."""

from .container import Bag, container_spec
from .durations import parse_duration
from .labels import to_map


def service_spec(wanted: Bag) -> Bag:
    """Return the specification of a service, from the properties of its resource.

    Raises:
        ValueError: a network has neither name nor id, or a duration is none.
    """
    endpoint = wanted.get("endpointSpec") or {}
    return {
        "Name": wanted["name"],
        "Labels": to_map(wanted.get("labels")),
        "TaskTemplate": _task(wanted["taskSpec"]),
        "Mode": _mode(wanted.get("mode") or {}),
        "UpdateConfig": _rollout(wanted.get("updateConfig")),
        "RollbackConfig": _rollout(wanted.get("rollbackConfig")),
        "EndpointSpec": {
            "Mode": endpoint.get("mode", ""),
            "Ports": [_port(port) for port in endpoint.get("ports", [])],
        },
    }


def _task(task: Bag) -> Bag:
    log = task.get("logDriver")
    return {
        "ContainerSpec": container_spec(task["containerSpec"]),
        "Resources": _resources(task.get("resources") or {}),
        "RestartPolicy": _restart(task.get("restartPolicy")),
        "Placement": _placement(task.get("placement") or {}),
        "ForceUpdate": task.get("forceUpdate", 0),
        "Runtime": task.get("runtime", ""),
        "Networks": [_network(network) for network in task.get("networksAdvanceds", [])],
        "LogDriver": log and {"Name": log["name"], "Options": log.get("options", {})},
    }


def _resources(resources: Bag) -> Bag:
    spec: Bag = {}
    limits, reservation = resources.get("limits"), resources.get("reservation")
    if limits is not None:
        spec["Limits"] = _amounts(limits)
    if reservation is not None:
        generic = _generic(reservation.get("genericResources") or {})
        spec["Reservations"] = {**_amounts(reservation), "GenericResources": generic}
    return spec


def _amounts(amounts: Bag) -> Bag:
    return {
        "NanoCPUs": amounts.get("nanoCpus", 0),
        "MemoryBytes": amounts.get("memoryBytes", 0),
    }


def _generic(generic: Bag) -> list[Bag]:
    named = [text.split("=", 1) for text in generic.get("namedResourcesSpecs", [])]
    counted = [text.split("=", 1) for text in generic.get("discreteResourcesSpecs", [])]
    return [
        *({"NamedResourceSpec": {"Kind": kind, "Value": value}} for kind, value in named),
        *({"DiscreteResourceSpec": {"Kind": kind, "Value": int(n)}} for kind, n in counted),
    ]


def _restart(policy: Bag | None) -> Bag:
    if policy is None:
        return {}
    return {
        "Condition": policy.get("condition", ""),
        "Delay": parse_duration(policy.get("delay")),
        "MaxAttempts": policy.get("maxAttempts", 0),
        "Window": parse_duration(policy.get("window")),
    }


def _placement(placement: Bag) -> Bag:
    return {
        "Constraints": placement.get("constraints"),
        "Preferences": [{"Spread": {"SpreadDescriptor": p}} for p in placement.get("prefs", [])],
        "MaxReplicas": placement.get("maxReplicas", 0),
        "Platforms": [
            {"Architecture": platform["architecture"], "OS": platform["os"]}
            for platform in placement.get("platforms", [])
        ],
    }


def _network(network: Bag) -> Bag:
    target = network.get("id") or network.get("name")
    if not target:
        raise ValueError("network 'name' or 'id' must be specified")
    options = (text.partition("=") for text in network.get("driverOpts", []))
    return {
        "Target": target,
        "Aliases": network.get("aliases"),
        "DriverOpts": {name: value for name, _, value in options},
    }


def _mode(mode: Bag) -> Bag:
    spec: Bag = {}
    if mode.get("replicated") is not None:
        spec["Replicated"] = {"Replicas": mode["replicated"].get("replicas", 1)}
    if mode.get("global"):
        spec = {"Global": {}}
    return spec


def _rollout(config: Bag | None) -> Bag | None:
    if config is None:
        return None
    return {
        "Parallelism": config["parallelism"],
        "Delay": parse_duration(config["delay"]),
        "FailureAction": config["failureAction"],
        "Monitor": parse_duration(config["monitor"]),
        "MaxFailureRatio": float(config["maxFailureRatio"]),
        "Order": config["order"],
    }


def _port(port: Bag) -> Bag:
    return {
        "Name": port.get("name", ""),
        "Protocol": port["protocol"],
        "TargetPort": port["targetPort"],
        "PublishedPort": port.get("publishedPort", 0),
        "PublishMode": port["publishMode"],
    }
