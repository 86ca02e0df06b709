"""The properties of docker:index/service:Service, version 5.1.0."""

from __future__ import annotations

from dataclasses import replace

from local.plugins.base.fields import (
    FLAG,
    INT,
    MAP,
    TEXT,
    TEXT_SET,
    TEXTS,
    Field,
    Kind,
    at_least_zero,
    block,
    block_set,
    blocks,
    one_of,
)
from local.plugins.docker.durations import duration
from local.plugins.docker.labels import FIXED_LABELS, LABELS


def _ratio_problem(value: str) -> str | None:
    try:
        fits = 0 <= float(value) <= 1
    except ValueError:
        return "is not a float"
    return None if fits else "has to be between 0.0 and 1.0"


def _same_ratio(old: str, new: str) -> bool:
    return float(old) == float(new)


RATIO = Field(kind=Kind.TEXT, default="0.0", problem=_ratio_problem, same=_same_ratio)


def _file(owner: str) -> Field:
    return block_set({
        f"{owner}Id": TEXT.required,
        f"{owner}Name": TEXT,
        "fileName": TEXT.required,
        "fileUid": Field(kind=Kind.TEXT, default="0"),
        "fileGid": Field(kind=Kind.TEXT, default="0"),
        "fileMode": at_least_zero(0o444),
    })


def _rollout(*actions: str) -> Field:
    return block({
        "parallelism": at_least_zero(1),
        "delay": duration("0s"),
        "failureAction": one_of(*actions, default="pause"),
        "monitor": duration("5s"),
        "maxFailureRatio": RATIO,
        "order": one_of("stop-first", "start-first", default="stop-first"),
    })


PROPAGATION = one_of(
    "private", "rprivate", "shared", "rshared", "slave", "rslave", default="rprivate"
)

MOUNTS = block_set({
    "target": TEXT.required,
    "source": TEXT,
    "type": one_of("bind", "volume", "tmpfs").required,
    "readOnly": FLAG,
    "bindOptions": block({"propagation": PROPAGATION}),
    "volumeOptions": block({
        "noCopy": FLAG,
        "labels": FIXED_LABELS,
        "driverName": TEXT,
        "driverOptions": MAP,
    }),
    "tmpfsOptions": block({"sizeBytes": INT, "mode": INT}),
})

HEALTHCHECK = block({
    "tests": TEXTS,
    "interval": duration("0s"),
    "timeout": duration("0s"),
    "startPeriod": duration("0s"),
    "retries": at_least_zero(0),
})

PRIVILEGES = block({
    "credentialSpec": block({"file": TEXT, "registry": TEXT}),
    "seLinuxContext": block({
        "disable": FLAG,
        "user": TEXT,
        "role": TEXT,
        "type": TEXT,
        "level": TEXT,
    }),
})

CONTAINER = block({
    "image": TEXT.required,
    "labels": FIXED_LABELS,
    "commands": TEXTS,
    "args": TEXTS,
    "hostname": TEXT,
    "env": MAP,
    "dir": TEXT,
    "user": TEXT,
    "groups": TEXTS,
    "privileges": PRIVILEGES,
    "readOnly": FLAG,
    "mounts": MOUNTS,
    "stopSignal": TEXT,
    "stopGracePeriod": duration().computed,
    "healthcheck": HEALTHCHECK.computed,
    "hosts": block_set({"ip": TEXT.required.forcing, "host": TEXT.required.forcing}).forcing,
    "dnsConfig": block({
        "nameservers": TEXTS.required,
        "searches": TEXTS,
        "options": TEXTS,
    }).computed,
    "secrets": _file("secret"),
    "configs": _file("config"),
    "isolation": one_of("default", "process", "hyperv", default="default"),
    "sysctl": MAP.forcing,
    "capAdds": TEXTS,
    "capDrops": TEXTS,
    "init": FLAG.computed,
})

RESOURCES = block({
    "limits": block({"nanoCpus": INT, "memoryBytes": INT}),
    "reservation": block({
        "nanoCpus": INT,
        "memoryBytes": INT,
        "genericResources": block({
            "namedResourcesSpecs": TEXT_SET,
            "discreteResourcesSpecs": TEXT_SET,
        }),
    }),
})

PLACEMENT = block({
    "constraints": TEXT_SET,
    "prefs": TEXT_SET,
    "maxReplicas": at_least_zero(),
    "platforms": block_set({"architecture": TEXT.required, "os": TEXT.required}),
})

NETWORKS = block_set({
    "name": TEXT.forcing,
    "id": TEXT.forcing,
    "aliases": TEXT_SET.forcing,
    "driverOpts": TEXT_SET.forcing,
})

RESTART_POLICY = block({
    "condition": one_of("none", "on-failure", "any"),
    "delay": duration(),
    "maxAttempts": at_least_zero(),
    "window": duration(),
})

TASK = block({
    "containerSpec": CONTAINER.required,
    "resources": RESOURCES.computed,
    "restartPolicy": RESTART_POLICY.computed,
    "placement": PLACEMENT.computed,
    "forceUpdate": at_least_zero().computed,
    "runtime": one_of("container", "plugin").computed,
    "networksAdvanceds": NETWORKS,
    "logDriver": block({"name": TEXT.required, "options": MAP}),
})

PORTS = blocks({
    "name": TEXT,
    "protocol": one_of("tcp", "udp", "sctp", default="tcp"),
    "targetPort": INT.required,
    "publishedPort": INT.computed,
    "publishMode": one_of("ingress", "host", default="ingress"),
})

FIELDS = {
    "name": TEXT.required.forcing,
    "auth": block({
        "serverAddress": TEXT.required.forcing,
        "username": TEXT.forcing,
        "password": TEXT.forcing,
    }),
    "labels": LABELS.computed,
    "taskSpec": TASK.required,
    "mode": block({
        "replicated": block({"replicas": at_least_zero(1)}).computed,
        "global": replace(FLAG, default=False),
    }).computed.forcing,
    "updateConfig": _rollout("pause", "continue", "rollback"),
    "rollbackConfig": _rollout("pause", "continue"),
    "endpointSpec": block({
        "mode": one_of("vip", "dnsrr").computed,
        "ports": PORTS,
    }).computed,
    "convergeConfig": block({"delay": duration("7s"), "timeout": duration("3m")}),
}
