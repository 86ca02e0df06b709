"""docker:index/network:Network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.plugins.base.fields import FLAG, MAP, TEXT, Field, Kind, block_set
from local.plugins.docker.labels import FIXED_LABELS, to_pairs
from provider.wire.errors import GoneError, PluginError
from swarm_spec import to_map

if TYPE_CHECKING:
    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag

REMOVE_TIMEOUT_S = 30.0
ALLOCATE_TIMEOUT_S = 10.0
BUSY = ("has active endpoints", "is in use by task")

IPAM = block_set({
    "subnet": TEXT.forcing,
    "ipRange": TEXT.forcing,
    "gateway": TEXT.forcing,
    "auxAddress": MAP.forcing,
})


class Network:
    """Networks; nothing about one can change without a new one."""

    named = True
    fields = {  # noqa: RUF012 - part of a protocol, never changed
        "name": TEXT.required.forcing,
        "labels": FIXED_LABELS.forcing,
        "driver": TEXT.computed.forcing,
        "options": MAP.computed.forcing,
        "internal": FLAG.computed.forcing,
        "attachable": FLAG.forcing,
        "ingress": FLAG.forcing,
        "ipv6": FLAG.forcing,
        "ipamDriver": Field(kind=Kind.TEXT, default="default", replaces=True),
        "ipamOptions": MAP.forcing,
        "ipamConfigs": IPAM.computed.forcing,
        "scope": TEXT.output,
    }

    def __init__(self, daemon: Daemon) -> None:
        """Take the daemon that holds the networks."""
        self._daemon = daemon

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a network; its id is the daemon's.

        Raises:
            PluginError: the daemon refuses it.
        """
        body = {
            "Name": inputs["name"],
            "CheckDuplicate": True,
            "Driver": inputs.get("driver", ""),
            "Labels": to_map(inputs.get("labels")),
            "Options": inputs.get("options", {}),
            "Internal": inputs.get("internal", False),
            "Attachable": inputs.get("attachable", False),
            "Ingress": inputs.get("ingress", False),
            "EnableIPv6": inputs.get("ipv6", False),
            "IPAM": {
                "Driver": inputs["ipamDriver"],
                "Options": inputs.get("ipamOptions", {}),
                "Config": [_ipam(pool) for pool in inputs.get("ipamConfigs", [])],
            },
        }
        try:
            created = self._daemon.post("networks", "create", body=body)
        except PluginError as error:
            raise PluginError(f"Unable to create network: {error}") from error
        self._await_driver(created["Id"])
        return self.read(created["Id"], inputs)

    def _await_driver(self, network_id: str) -> None:
        """Wait until a Swarm has allocated an overlay network: until then it shows no driver."""
        deadline = time.monotonic() + ALLOCATE_TIMEOUT_S
        while not self._daemon.get("networks", network_id)["Driver"]:
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Inspect a network."""
        del state
        seen = self._daemon.get("networks", resource_id)
        ipam = seen.get("IPAM") or {}
        return seen["Id"], {
            "name": seen["Name"],
            "labels": to_pairs(seen.get("Labels")),
            "driver": seen["Driver"],
            "options": seen.get("Options") or {},
            "internal": seen["Internal"],
            "attachable": seen["Attachable"],
            "ingress": seen["Ingress"],
            "ipv6": seen["EnableIPv6"],
            "ipamDriver": ipam.get("Driver", "default"),
            "ipamOptions": ipam.get("Options") or {},
            "ipamConfigs": [_pool(config) for config in ipam.get("Config") or []],
            "scope": seen["Scope"],
        }

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Read it again: there is nothing to change in place."""
        return self.read(resource_id, wanted)[1]

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a network, waiting for the last tasks on it to end.

        Raises:
            PluginError: it is still in use, or the daemon refuses.
        """
        del state
        deadline = time.monotonic() + REMOVE_TIMEOUT_S
        while True:
            try:
                self._daemon.delete("networks", resource_id)
            except GoneError:
                return
            except PluginError as error:
                if not any(text in str(error) for text in BUSY) or time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return


def _ipam(pool: Bag) -> Bag:
    return {
        "Subnet": pool.get("subnet", ""),
        "IPRange": pool.get("ipRange", ""),
        "Gateway": pool.get("gateway", ""),
        "AuxiliaryAddresses": pool.get("auxAddress", {}),
    }


def _pool(config: Bag) -> Bag:
    pool = {
        "subnet": config.get("Subnet"),
        "ipRange": config.get("IPRange"),
        "gateway": config.get("Gateway"),
        "auxAddress": config.get("AuxiliaryAddresses"),
    }
    return {name: value for name, value in pool.items() if value}
