"""A compose file that says of each service what the program would declare. Pure."""

import base64
from typing import Any

from tests.unit.declared import Registered


def compose(declared: Registered, stack: str, secrets: str) -> dict[str, Any]:
    """Return what `docker stack deploy` takes.

    Args:
        declared: what the program registers; its ids are names with `-id` behind.
        stack: the docker stack, the beginning of every name.
        secrets: folder in which the content of each secret lies in a file of its name.
    """
    prefix = f"{stack}_"
    networks = declared.of("Network")
    return {
        "version": "3.8",
        "services": {
            name.removeprefix(prefix): _service(one.inputs, prefix, name.removeprefix(prefix))
            for name, one in declared.of("Service").items()
        },
        "networks": {
            name.removeprefix(prefix): {"external": True, "name": name}
            if name.endswith("_public")
            else {"attachable": True, "internal": one.inputs["internal"], "driver": "overlay"}
            for name, one in networks.items()
        },
        "volumes": {name.removeprefix(prefix): {} for name in declared.of("Volume")},
        "secrets": {
            name: {"name": name, "file": f"{secrets}/{name}"} for name in declared.of("Secret")
        },
    }


def contents(declared: Registered) -> dict[str, bytes]:
    """Return each secret's name and content."""
    return {
        name: base64.b64decode(one.inputs["data"]) for name, one in declared.of("Secret").items()
    }


def _service(declared: dict[str, Any], prefix: str, short: str) -> dict[str, Any]:
    task = declared["taskSpec"]
    container = task["containerSpec"]
    plain: dict[str, Any] = _plain({
        "image": container["image"],
        "entrypoint": container.get("commands"),
        "command": container.get("args"),
        "environment": container.get("env"),
        "working_dir": container.get("dir"),
        "user": container.get("user"),
        "stop_signal": container["stopSignal"],
        "stop_grace_period": container["stopGracePeriod"],
        "healthcheck": {
            "test": container["healthcheck"]["tests"],
            "interval": container["healthcheck"]["interval"],
            "timeout": container["healthcheck"]["timeout"],
            "retries": container["healthcheck"]["retries"],
            "start_period": container["healthcheck"]["startPeriod"],
        },
        "logging": {"driver": "json-file", "options": task["logDriver"]["options"]},
        "networks": {
            # Its short name is added by `docker stack deploy` itself.
            one["id"].removesuffix("-id").removeprefix(prefix): {
                "aliases": [alias for alias in one.get("aliases", []) if alias != short]
            }
            for one in task["networksAdvanceds"]
        },
        "volumes": [_mount(one, prefix) for one in container.get("mounts", [])],
        "secrets": [
            {
                "source": one["secretName"],
                "target": one["fileName"],
                "uid": one["fileUid"],
                "gid": one["fileGid"],
                "mode": one["fileMode"],
            }
            for one in container.get("secrets", [])
        ],
        "ports": [
            {
                "target": one["targetPort"],
                "published": one["publishedPort"],
                "protocol": one["protocol"],
                "mode": one["publishMode"],
            }
            for one in declared["endpointSpec"].get("ports", [])
        ],
        "deploy": {
            "replicas": 1,
            "endpoint_mode": declared["endpointSpec"]["mode"],
            "labels": {one["label"]: one["value"] for one in declared["labels"]},
            "update_config": _rollout(declared["updateConfig"]),
            "rollback_config": _rollout(declared["rollbackConfig"]),
            "restart_policy": {
                "condition": task["restartPolicy"]["condition"],
                "delay": task["restartPolicy"]["delay"],
                "max_attempts": task["restartPolicy"]["maxAttempts"],
                "window": task["restartPolicy"]["window"],
            },
            "placement": {"constraints": task["placement"]["constraints"]},
            "resources": {
                "limits": {"memory": _bytes(task["resources"]["limits"])},
                "reservations": {"memory": _bytes(task["resources"]["reservation"])},
            },
        },
    })
    return plain


def _mount(mount: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        "type": mount["type"],
        "source": mount["source"].removeprefix(prefix),
        "target": mount["target"],
        "read_only": mount["readOnly"],
    }


def _rollout(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "parallelism": config["parallelism"],
        "delay": config["delay"],
        "failure_action": config["failureAction"],
        "monitor": config["monitor"],
        "max_failure_ratio": float(config["maxFailureRatio"]),
        "order": config["order"],
    }


def _bytes(amounts: dict[str, Any]) -> str:
    return str(int(amounts["memoryBytes"]))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return whole numbers as such, no variables for compose to fill in, and nothing empty."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one not in (None, [], {})}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace("$", "$$") if isinstance(value, str) else value
