"""The container part of a service specification, as the Docker API wants it."""

from typing import Any

from .durations import parse_duration
from .labels import to_map

Bag = dict[str, Any]


def container_spec(container: Bag) -> Bag:
    """Build ContainerSpec; an absent grace period is zero, which means SIGKILL."""
    return {
        "Image": container["image"],
        "Labels": to_map(container.get("labels")),
        "Command": container.get("commands"),
        "Args": container.get("args"),
        "Hostname": container.get("hostname", ""),
        "Env": [f"{name}={value}" for name, value in sorted(container.get("env", {}).items())],
        "Dir": container.get("dir", ""),
        "User": container.get("user", ""),
        "Groups": container.get("groups"),
        "Privileges": _privileges(container.get("privileges")),
        "ReadOnly": container.get("readOnly", False),
        "Mounts": [_mount(mount) for mount in container.get("mounts", [])],
        "StopSignal": container.get("stopSignal", ""),
        "StopGracePeriod": parse_duration(container.get("stopGracePeriod")),
        "Healthcheck": _healthcheck(container.get("healthcheck") or {}),
        "Hosts": [f"{host['ip']} {host['host']}" for host in container.get("hosts", [])],
        "DNSConfig": _dns(container.get("dnsConfig") or {}),
        "Secrets": [_file(item, "secret") for item in container.get("secrets", [])],
        "Configs": [_file(item, "config") for item in container.get("configs", [])],
        "Isolation": container.get("isolation", "default"),
        "Sysctls": container.get("sysctl"),
        "CapabilityAdd": container.get("capAdds"),
        "CapabilityDrop": container.get("capDrops"),
        "Init": container.get("init", False),
    }


def _privileges(privileges: Bag | None) -> Bag | None:
    if privileges is None:
        return None
    spec: Bag = {}
    credentials, linux = privileges.get("credentialSpec"), privileges.get("seLinuxContext")
    if credentials:
        spec["CredentialSpec"] = {
            "File": credentials.get("file", ""),
            "Registry": credentials.get("registry", ""),
        }
    if linux:
        spec["SELinuxContext"] = {
            "Disable": linux.get("disable", False),
            **{
                name.capitalize(): linux.get(name, "") for name in ("user", "role", "type", "level")
            },
        }
    return spec


def _mount(mount: Bag) -> Bag:
    spec = {
        "Type": mount["type"],
        "Target": mount["target"],
        "Source": mount.get("source", ""),
        "ReadOnly": mount.get("readOnly", False),
    }
    bind, volume, tmpfs = (mount.get(f"{kind}Options") for kind in ("bind", "volume", "tmpfs"))
    if bind is not None:
        spec["BindOptions"] = {"Propagation": bind.get("propagation", "")}
    if volume is not None:
        spec["VolumeOptions"] = {
            "NoCopy": volume.get("noCopy", False),
            "Labels": to_map(volume.get("labels")),
            "DriverConfig": {
                "Name": volume.get("driverName", ""),
                "Options": volume.get("driverOptions", {}),
            },
        }
    if tmpfs is not None:
        spec["TmpfsOptions"] = {
            "SizeBytes": tmpfs.get("sizeBytes", 0),
            "Mode": tmpfs.get("mode", 0),
        }
    return spec


def _healthcheck(check: Bag) -> Bag:
    return {
        "Test": check.get("tests", []),
        "Interval": parse_duration(check.get("interval")),
        "Timeout": parse_duration(check.get("timeout")),
        "StartPeriod": parse_duration(check.get("startPeriod")),
        "Retries": check.get("retries", 0),
    }


def _dns(config: Bag) -> Bag:
    return {
        "Nameservers": config.get("nameservers"),
        "Search": config.get("searches"),
        "Options": config.get("options"),
    }


def _file(item: Bag, owner: str) -> Bag:
    api = owner.capitalize()
    return {
        f"{api}ID": item[f"{owner}Id"],
        f"{api}Name": item.get(f"{owner}Name", ""),
        "File": {
            "Name": item["fileName"],
            "UID": item.get("fileUid", "0"),
            "GID": item.get("fileGid", "0"),
            "Mode": item.get("fileMode", 0o444),
        },
    }
