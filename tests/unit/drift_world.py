"""A small estate that is exactly as declared, for tests that change one thing in it."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import settings
from ops.drift.by_engine import EngineLook
from ops.drift.comparing import compared
from ops.drift.daemon import Daemon, Swarm
from ops.drift.declared import resources
from ops.drift.finding import Drift, Look
from ops.drift.world import HOST, ZONE, World
from steps.redact import Redactor
from swarm_spec import service_spec

STACK = "prod"
DIGEST = "sha256:" + "a1" * 32
IMAGE = f"registry.example.com/app@{DIGEST}"
ZONE_ID = "1f" * 16
SECRET = "canary-of-a-known-secret"
URN = "urn:pulumi:prod::estate::"
TIME = "2026-11-20T08:30:00.123456789Z"
_SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}

LABELS = [{"label": "estate.stack", "value": STACK}, {"label": "traefik.enable", "value": "true"}]
SERVICE: dict[str, Any] = {
    "name": "sistema_web",
    "labels": LABELS,
    "mode": {"replicated": {"replicas": 1}},
    "taskSpec": {
        "containerSpec": {
            "image": IMAGE,
            "args": ["serve", "--quiet"],
            "env": {"LEVEL": "info", "__PLAIN": "kept"},
            "stopSignal": "SIGTERM",
            "stopGracePeriod": "30s",
            "healthcheck": {
                "tests": ["CMD", "probe"],
                "interval": "10s",
                "timeout": "3s",
                "retries": 5,
                "startPeriod": "30s",
            },
            "mounts": [{"type": "volume", "source": "sistema_db", "target": "/data"}],
            "secrets": [
                {
                    "secretId": "k1",
                    "secretName": "sistema_env_1",
                    "fileName": "/app/.env",
                    "fileUid": "0",
                    "fileGid": "0",
                    "fileMode": 0o444,
                    "__defaults": ["fileUid"],
                }
            ],
        },
        "resources": {
            "limits": {"memoryBytes": 256 * 2**20},
            "reservation": {"memoryBytes": 32 * 2**20},
        },
        "restartPolicy": {"condition": "any", "delay": "5s", "maxAttempts": 0, "window": "0s"},
        "placement": {"constraints": ["node.hostname==vps-1", "node.labels.disk==fast"]},
        "networksAdvanceds": [{"id": "n1", "aliases": ["web"]}],
        "logDriver": {"name": "json-file", "options": {"max-size": "10m"}},
        "runtime": "container",
        "forceUpdate": 0,
    },
    "endpointSpec": {
        "mode": "dnsrr",
        "ports": [
            {"protocol": "tcp", "publishMode": "host", "targetPort": 80, "publishedPort": 8080}
        ],
    },
    "updateConfig": {
        "parallelism": 1,
        "delay": "0s",
        "failureAction": "rollback",
        "monitor": "15s",
        "maxFailureRatio": "0.0",
        "order": "stop-first",
    },
    "rollbackConfig": {
        "parallelism": 1,
        "delay": "0s",
        "failureAction": "pause",
        "monitor": "15s",
        "maxFailureRatio": "0.0",
        "order": "stop-first",
    },
    "convergeConfig": {"delay": "2s", "timeout": "3m"},
    "__defaults": [],
}


def resource(type_: str, id_: str, inputs: dict[str, Any], **more: object) -> dict[str, Any]:
    """A resource as an exported state has it."""
    on = "cloudflare::cloudflare" if "dnsRecord" in type_ else "docker::vps"
    return {
        "urn": f"{URN}estate:apps:Tickets${type_}::{inputs['name']}",
        "custom": True,
        "id": id_,
        "type": type_,
        "inputs": inputs,
        "outputs": dict(inputs),
        "provider": f"{URN}pulumi:providers:{on}::0e4c",
        **more,
    }


def secret(value: object) -> dict[str, Any]:
    """A secret of a state that was exported with its secrets shown."""
    return {**_SIGNATURE, "plaintext": json.dumps(value)}


def state() -> dict[str, Any]:
    """The state of the estate."""
    record = {
        "name": "tickets.example.com",
        "zoneId": ZONE_ID,
        "type": "A",
        "content": "203.0.113.7",
        "ttl": 300,
        "proxied": False,
    }
    network = {
        "name": "sistema_internal",
        "driver": "overlay",
        "attachable": True,
        "internal": False,
        "labels": LABELS[:1],
    }
    found = [
        {"urn": f"{URN}pulumi:pulumi:Stack::estate-prod", "type": "pulumi:pulumi:Stack"},
        resource("docker:index/network:Network", "n1", network),
        resource(
            "docker:index/volume:Volume",
            "sistema_db",
            {"name": "sistema_db", "driver": "local", "labels": LABELS[:1]},
        ),
        resource(
            "docker:index/secret:Secret",
            "k1",
            {"name": "sistema_env_1", "data": secret(SECRET), "labels": LABELS[:1]},
        ),
        resource(
            "docker:index/serviceConfig:ServiceConfig",
            "c1",
            {"name": "sistema_conf", "data": "eA==", "labels": LABELS[:1]},
        ),
        resource("docker:index/service:Service", "s1", SERVICE),
        resource("cloudflare:index/dnsRecord:DnsRecord", "r1", record),
    ]
    return {"deployment": {"resources": found}}


def service_of(inputs: dict[str, Any], id_: str) -> dict[str, Any]:
    """A service as the Docker API lists it."""
    return {
        "ID": id_,
        "CreatedAt": TIME,
        "UpdatedAt": TIME,
        "Spec": deepcopy(service_spec(inputs)),
        "Endpoint": {"Spec": {"Mode": "dnsrr"}, "Ports": []},
    }


def _task() -> dict[str, Any]:
    return {
        "ID": "t1",
        "ServiceID": "s1",
        "NodeID": "m1",
        "CreatedAt": TIME,
        "DesiredState": "running",
        "Spec": {"ContainerSpec": {"Image": IMAGE}},
        "Status": {
            "State": "running",
            "Timestamp": TIME,
            "ContainerStatus": {"ContainerID": "b1"},
        },
    }


def _labels() -> dict[str, str]:
    return {"estate.stack": STACK}


@dataclass
class Reality:
    """What there is, to be changed by a test; each list as the Docker API gives it."""

    services: list[dict[str, Any]] = field(default_factory=lambda: [service_of(SERVICE, "s1")])
    tasks: list[dict[str, Any]] = field(default_factory=lambda: [_task()])
    networks: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "Id": "n1",
                "Name": "sistema_internal",
                "Driver": "overlay",
                "Scope": "swarm",
                "Internal": False,
                "Attachable": True,
                "Ingress": False,
                "EnableIPv6": False,
                "Labels": _labels(),
                "Created": TIME,
            },
            {"Id": "n0", "Name": "ingress", "Scope": "swarm", "Ingress": True, "Labels": None},
            {"Id": "n2", "Name": "bridge", "Scope": "local", "Labels": {}},
        ]
    )
    secrets: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "ID": "k1",
                "CreatedAt": TIME,
                "UpdatedAt": TIME,
                "Spec": {"Name": "sistema_env_1", "Labels": _labels()},
            }
        ]
    )
    configs: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "ID": "c1",
                "CreatedAt": TIME,
                "UpdatedAt": TIME,
                "Spec": {"Name": "sistema_conf", "Labels": _labels(), "Data": "eA=="},
            }
        ]
    )
    nodes: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "ID": "m1",
                "UpdatedAt": TIME,
                "Spec": {
                    "Role": "manager",
                    "Availability": "active",
                    "Labels": {"disk": "fast"},
                },
                "Description": {
                    "Hostname": "vps-1",
                    "Platform": {"OS": "linux", "Architecture": "x86_64"},
                },
                "Status": {"State": "ready"},
            }
        ]
    )
    info: dict[str, Any] = field(
        default_factory=lambda: {
            "ID": "d1",
            "Name": "vps-1",
            "Swarm": {
                "LocalNodeState": "active",
                "ControlAvailable": True,
                "Cluster": {"ID": "w1"},
            },
        }
    )
    containers: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "Id": "b1",
                "Names": ["/sistema_web.1.t1"],
                "Image": IMAGE,
                "ImageID": "i1",
                "State": "running",
                "Status": "Up 2 hours (healthy)",
                "Labels": {"com.docker.swarm.service.id": "s1"},
            }
        ]
    )
    images: list[dict[str, Any]] = field(
        default_factory=lambda: [{"Id": "i1", "RepoDigests": [IMAGE]}]
    )
    volumes: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "Name": "sistema_db",
                "Driver": "local",
                "Options": None,
                "Labels": _labels(),
                "CreatedAt": TIME,
            }
        ]
    )
    records: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {
                "id": "r1",
                "name": "tickets.example.com",
                "type": "A",
                "content": "203.0.113.7",
                "ttl": 300,
                "proxied": False,
                "comment": None,
                "modified_on": TIME,
            }
        ]
    )
    state: dict[str, Any] = field(default_factory=state)
    ignore: list[str] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    manages: bool = True
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> dict[str, Any]:
        """The specification of the web service."""
        spec: dict[str, Any] = self.services[0]["Spec"]
        return spec

    @property
    def container(self) -> dict[str, Any]:
        """What it runs in its container."""
        spec: dict[str, Any] = self.spec["TaskTemplate"]["ContainerSpec"]
        return spec

    def _world(self) -> World:
        swarm = Swarm(
            services=tuple(self.services),
            tasks=tuple(self.tasks),
            networks=tuple(self.networks),
            secrets=tuple(self.secrets),
            configs=tuple(self.configs),
            nodes=tuple(self.nodes),
        )
        daemon = Daemon(
            info=self.info,
            containers=tuple(self.containers),
            images=tuple(self.images),
            volumes=tuple(self.volumes),
            swarm=swarm if self.manages else None,
        )
        daemons = {f"{HOST}vps": daemon}
        zones = {f"{ZONE}example.com": self.records}
        return World(
            daemons={name: one for name, one in daemons.items() if name not in self.unknown},
            zones={name: one for name, one in zones.items() if name not in self.unknown},
            by_engine=EngineLook(others=self.others),
            unknown=self.unknown,
        )

    def look(self) -> Look:
        """Compare it with what the state says, through JSON as a real answer comes."""
        given = {
            "hosts": {
                "vps": {
                    "url": "unix:///var/run/docker.sock",
                    "address": "203.0.113.7",
                    "node": "vps-1",
                }
            },
            "dns": {"zones": {"example.com": ZONE_ID}},
            "dnsSecrets": {"CLOUDFLARE_API_TOKEN": SECRET},
            "drift": {"ignore": self.ignore},
        }
        estate = settings.load({key: json.dumps(part) for key, part in given.items()}, STACK)
        declared = resources(json.loads(json.dumps(self.state)))
        hide = Redactor([SECRET]).hide
        return compared(STACK, estate, declared, self._world(), hide)

    def found(self) -> tuple[Drift, ...]:
        """The drift alone."""
        return self.look().found


def changed(change: Callable[[Reality], object]) -> Reality:
    """The estate after a change; what the declared state says is never touched by it."""
    made = Reality()
    before = deepcopy(made.state)
    change(made)
    assert made.state == before
    return made
