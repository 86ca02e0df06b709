"""What the container part of a service is now, in the words of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.plugins.docker.labels import to_pairs
from swarm_spec import write_duration

if TYPE_CHECKING:
    from provider.wire.values import Bag

TEXTS = {
    "image": "Image",
    "commands": "Command",
    "args": "Args",
    "hostname": "Hostname",
    "dir": "Dir",
    "user": "User",
    "groups": "Groups",
    "stopSignal": "StopSignal",
    "isolation": "Isolation",
    "sysctl": "Sysctls",
    "capAdds": "CapabilityAdd",
    "capDrops": "CapabilityDrop",
}


def seen_container(spec: Bag) -> Bag:
    """Return the properties of an inspected container specification."""
    seen: Bag = {name: spec.get(api) for name, api in TEXTS.items()}
    env = (entry.partition("=") for entry in spec.get("Env") or [] if entry)
    seen |= {
        "labels": to_pairs(spec.get("Labels")),
        "env": {name: value for name, _, value in env},
        "readOnly": spec.get("ReadOnly") or None,
        "mounts": [_mount(mount) for mount in spec.get("Mounts") or []],
        "healthcheck": _healthcheck(spec.get("Healthcheck")),
        "hosts": [_host(entry) for entry in spec.get("Hosts") or []],
        "dnsConfig": _dns(spec.get("DNSConfig") or {}),
        "secrets": [_file(item, "Secret") for item in spec.get("Secrets") or []],
        "configs": [_file(item, "Config") for item in spec.get("Configs") or []],
        "init": spec.get("Init"),
    }
    if "StopGracePeriod" in spec:
        seen["stopGracePeriod"] = write_duration(spec["StopGracePeriod"])
    found = {name: value for name, value in seen.items() if value not in (None, "", [], {})}
    if spec.get("Privileges") is not None:
        found["privileges"] = _privileges(spec["Privileges"])  # also when nothing is in it
    return found


def _privileges(privileges: Bag) -> Bag:
    seen: Bag = {}
    credentials, linux = privileges.get("CredentialSpec"), privileges.get("SELinuxContext")
    if credentials:
        seen["credentialSpec"] = {
            "file": credentials.get("File", ""),
            "registry": credentials.get("Registry", ""),
        }
    if linux:
        seen["seLinuxContext"] = {name.lower(): value for name, value in linux.items()}
    return seen


def _mount(mount: Bag) -> Bag:
    seen: Bag = {
        "target": mount["Target"],
        "source": mount.get("Source", ""),
        "type": mount["Type"],
        "readOnly": mount.get("ReadOnly", False),
    }
    bind, volume, tmpfs = (mount.get(f"{kind}Options") for kind in ("Bind", "Volume", "Tmpfs"))
    if bind is not None:
        seen["bindOptions"] = {"propagation": bind.get("Propagation", "")}
    if volume is not None:
        driver = volume.get("DriverConfig") or {}
        seen["volumeOptions"] = {
            "noCopy": volume.get("NoCopy", False),
            "labels": to_pairs(volume.get("Labels")),
            "driverName": driver.get("Name", ""),
            "driverOptions": driver.get("Options") or {},
        }
    if tmpfs is not None:
        seen["tmpfsOptions"] = {
            "sizeBytes": tmpfs.get("SizeBytes", 0),
            "mode": tmpfs.get("Mode", 0),
        }
    return seen


def _healthcheck(check: Bag | None) -> Bag | None:
    if check is None:
        return None
    seen: Bag = {
        "interval": write_duration(check.get("Interval", 0)),
        "timeout": write_duration(check.get("Timeout", 0)),
        "startPeriod": write_duration(check.get("StartPeriod", 0)),
        "retries": check.get("Retries", 0),
    }
    if check.get("Test"):
        seen["tests"] = check["Test"]
    return seen


def _host(entry: str) -> Bag:
    address, _, name = entry.partition(" ")
    return {"ip": address, "host": name}


def _dns(config: Bag) -> Bag:
    seen = {
        "nameservers": config.get("Nameservers"),
        "searches": config.get("Search"),
        "options": config.get("Options"),
    }
    return {name: value for name, value in seen.items() if value}


def _file(item: Bag, owner: str) -> Bag:
    seen: Bag = {
        f"{owner.lower()}Id": item[f"{owner}ID"],
        f"{owner.lower()}Name": item.get(f"{owner}Name", ""),
    }
    target = item.get("File")
    if target:
        seen |= {
            "fileName": target["Name"],
            "fileUid": target.get("UID", ""),
            "fileGid": target.get("GID", ""),
            "fileMode": target.get("Mode", 0),
        }
    return seen
