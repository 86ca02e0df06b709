"""Image references: what a create resolves, and what an update leaves alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from provider.wire.errors import PluginError

if TYPE_CHECKING:
    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag


def tagged(image: str) -> str:
    """Add ":latest" to a reference that has neither tag nor digest."""
    name = image.rpartition("/")[2]
    return image if ":" in name or "@" in name else f"{image}:latest"


def registry_auth(image: str, auth: Bag | None, registries: list[Bag]) -> str:
    """Return the X-Registry-Auth header: of the service, else of the provider, else nobody's."""
    chosen: Bag = {}
    host = image.partition("/")[0]
    for registry in [*registries, *([auth] if auth else [])]:
        address = str(registry.get("address") or registry.get("serverAddress") or "")
        if auth is registry or address.removeprefix("https://").removeprefix("http://") == host:
            chosen = {
                "username": registry.get("username", ""),
                "password": registry.get("password", ""),
                "serveraddress": address,
            }
    return base64.urlsafe_b64encode(json.dumps(chosen).encode()).decode()


def resolve(daemon: Daemon, spec: Bag, header: str) -> None:
    """Pin the image of a new service to the digest its registry names, where it answers.

    This is what makes a bare tag differ for ever: the digest is recorded, the program says the
    tag. The platforms that the registry names become a placement, too.
    """
    container = spec["TaskTemplate"]["ContainerSpec"]
    container["Image"] = tagged(container["Image"])
    try:
        found = daemon.get("distribution", container["Image"], "json", auth=header)
    except PluginError:
        # The official plugin goes on with the name alone; the nodes may have the image.
        return
    if "@" not in container["Image"]:
        container["Image"] += f"@{found['Descriptor']['digest']}"
    platforms = [
        {"Architecture": "" if p["architecture"] == "arm" else p["architecture"], "OS": p["os"]}
        for p in found.get("Platforms") or []
    ]
    if platforms:
        spec["TaskTemplate"]["Placement"]["Platforms"] = platforms
