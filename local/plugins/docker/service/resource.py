"""docker:index/service:Service."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from local.plugins.docker.service.converge import SECOND, await_created, await_updated
from local.plugins.docker.service.fields import FIELDS
from local.plugins.docker.service.images import registry_auth, resolve, tagged
from local.plugins.docker.service.seen import seen_service
from local.plugins.docker.service.spec import service_spec
from provider.wire.errors import GoneError, PluginError, UnfinishedError
from swarm_spec import parse_duration

if TYPE_CHECKING:
    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag

LOCAL_ONLY = ("convergeConfig", "auth")
"""Properties that the daemon does not know: kept as the program gave them."""


class Service:
    """Services of a Swarm."""

    named = True
    fields = FIELDS

    def __init__(self, daemon: Daemon, registries: list[Bag]) -> None:
        """Take a manager of the Swarm and the credentials of the provider's registries."""
        self._daemon = daemon
        self._registries = registries

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a service; with `convergeConfig` one that does not run is deleted again.

        Raises:
            PluginError: the daemon refuses it, or it did not converge.
        """
        spec = service_spec(inputs)
        header = self._auth(inputs)
        resolve(self._daemon, spec, header)
        created = self._daemon.post("services", "create", body=spec, auth=header)["ID"]
        converge = inputs.get("convergeConfig")
        if converge is not None:
            try:
                await_created(self._daemon, created, converge)
            except PluginError:
                self.delete(created, inputs)
                raise
        return self.read(created, inputs)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Inspect a service; one that was made anew under the same name is taken for it.

        Raises:
            GoneError: there is neither.
        """
        try:
            service = self._daemon.get("services", resource_id)
        except GoneError:
            if not state.get("name"):
                raise
            service = self._daemon.get("services", state["name"])
        kept = {name: state[name] for name in LOCAL_ONLY if name in state}
        return service["ID"], seen_service(service) | kept

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Update a service and, with `convergeConfig`, wait for the outcome.

        Raises:
            UnfinishedError: the daemon refuses it, or Swarm rolled it back. As with the official
                plugin the wanted state is recorded then, and that it is not finished.
        """
        try:
            self._update(resource_id, wanted)
        except PluginError as error:
            raise UnfinishedError(str(error), wanted) from error
        return self.read(resource_id, wanted)[1]

    def _update(self, resource_id: str, wanted: Bag) -> None:
        version = self._daemon.get("services", resource_id)["Version"]["Index"]
        spec = service_spec(wanted)
        container = spec["TaskTemplate"]["ContainerSpec"]
        container["Image"] = tagged(container["Image"])
        path = ("services", resource_id, "update")
        self._daemon.post(*path, body=spec, auth=self._auth(wanted), version=str(version))
        converge = wanted.get("convergeConfig")
        if converge is not None:
            await_updated(self._daemon, resource_id, converge)

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a service; with a grace period, wait for its containers on this node to go."""
        grace_s = parse_duration(state["taskSpec"]["containerSpec"].get("stopGracePeriod")) / SECOND
        containers = self._containers(resource_id) if grace_s else []
        self._daemon.delete("services", resource_id)
        for container in containers:
            self._remove(container, grace_s)

    def _auth(self, wanted: Bag) -> str:
        image = wanted["taskSpec"]["containerSpec"]["image"]
        return registry_auth(image, wanted.get("auth"), self._registries)

    def _containers(self, resource_id: str) -> list[str]:
        tasks = self._daemon.get("tasks", filters=json.dumps({"service": [resource_id]}))
        live = (task["Status"] for task in tasks if task["Status"]["State"] != "shutdown")
        ids = ((status.get("ContainerStatus") or {}).get("ContainerID") for status in live)
        return [container for container in ids if container]

    def _remove(self, container: str, grace_s: float) -> None:
        deadline = time.monotonic() + grace_s
        with contextlib.suppress(GoneError):
            while time.monotonic() < deadline:
                self._daemon.get("containers", container, "json")
                time.sleep(0.2)
            try:
                self._daemon.delete("containers", container, v="1", force="1")
            except PluginError as error:
                if "is already in progress" not in str(error):
                    raise
