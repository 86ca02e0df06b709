"""docker:index/volume:Volume; its id is its name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.plugins.base.fields import MAP, TEXT
from local.plugins.docker.labels import FIXED_LABELS, to_pairs
from provider.wire.errors import PluginError
from swarm_spec import to_map

if TYPE_CHECKING:
    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag

REMOVE_TIMEOUT_S = 30.0


class Volume:
    """Volumes of one daemon; nothing about one can change without a new one."""

    named = True
    fields = {  # noqa: RUF012 - part of a protocol, never changed
        "name": TEXT.computed.forcing,
        "labels": FIXED_LABELS.forcing,
        "driver": TEXT.computed.forcing,
        "driverOpts": MAP.forcing,
        "mountpoint": TEXT.output,
    }

    def __init__(self, daemon: Daemon) -> None:
        """Take the daemon that holds the volumes."""
        self._daemon = daemon

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a volume; the daemon hands out an existing one of that name as it is.

        Raises:
            PluginError: the daemon refuses it.
        """
        body = {
            "Name": inputs.get("name", ""),
            "Driver": inputs.get("driver", ""),
            "DriverOpts": inputs.get("driverOpts", {}),
            "Labels": to_map(inputs.get("labels")),
        }
        try:
            created = self._daemon.post("volumes", "create", body=body)
        except PluginError as error:
            raise PluginError(f"Unable to create volume: {error}") from error
        return self.read(created["Name"], inputs)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Inspect a volume."""
        del state
        seen = self._daemon.get("volumes", resource_id)
        return seen["Name"], {
            "name": seen["Name"],
            "labels": to_pairs(seen.get("Labels")),
            "driver": seen["Driver"],
            "driverOpts": seen.get("Options") or {},
            "mountpoint": seen["Mountpoint"],
        }

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Read it again: there is nothing to change in place."""
        return self.read(resource_id, wanted)[1]

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a volume and its data, waiting for the last container that uses it.

        Raises:
            PluginError: it is still in use, or the daemon refuses.
        """
        del state
        deadline = time.monotonic() + REMOVE_TIMEOUT_S
        while True:
            try:
                self._daemon.delete("volumes", resource_id, force="1")
            except PluginError as error:
                if "volume is in use" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return
