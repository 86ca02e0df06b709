"""Stand-in for the docker plugin, version 5.1.0: the resources of a Swarm."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

from pulumi.provider.experimental import provider as rpc

from local.plugins.base.provider import StandIn
from local.plugins.docker.daemon import Daemon
from local.plugins.docker.network import Network
from local.plugins.docker.secret import Secret, ServiceConfig
from local.plugins.docker.service.resource import Service
from local.plugins.docker.volume import Volume
from provider.wire.serving import serve
from provider.wire.values import plain_bag

if TYPE_CHECKING:
    from local.plugins.base.provider import Resource
    from provider.wire.values import Bag

VERSION = "5.1.0"
DEFAULT_HOST = "unix:///var/run/docker.sock"


class DockerProvider(StandIn):
    """Networks, volumes, secrets, configs and services of one daemon."""

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:
        """Choose the daemon; one that is not behind ssh has to answer now.

        A preview against ssh:// needs no host, so the tunnel waits for the first request.
        """
        config = _decode(plain_bag(request.args))
        host = str(config.get("host") or os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
        daemon = Daemon(host, list(config.get("sshOpts") or []))
        self.resources.update(_resources(daemon, list(config.get("registryAuth") or [])))
        if not host.startswith("ssh://") and not config.get("disableDockerDaemonCheck"):
            await asyncio.to_thread(daemon.connect)
        return rpc.ConfigureResponse(supports_preview=True)


def _resources(daemon: Daemon, registries: list[Bag]) -> dict[str, Resource]:
    return {
        "docker:index/network:Network": Network(daemon),
        "docker:index/volume:Volume": Volume(daemon),
        "docker:index/secret:Secret": Secret(daemon),
        "docker:index/serviceConfig:ServiceConfig": ServiceConfig(daemon),
        "docker:index/service:Service": Service(daemon, registries),
    }


def _decode(config: Bag) -> Bag:
    """Undo the encoding of provider configuration: all but texts arrive as JSON in a text."""
    decoded: Bag = {}
    for name, value in config.items():
        try:
            decoded[name] = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            decoded[name] = value
    return decoded


def main(engine: str) -> None:
    """Serve the stand-in.

    Args:
        engine: the address that the engine gave.
    """
    serve(DockerProvider(), VERSION, engine)
