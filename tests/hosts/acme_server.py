"""A real ACME server beside the edge: Pebble, and the name server through which it looks."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import docker
import httpx
from docker.models.containers import Container

from local.images.build.__main__ import build_images
from tests.engine.stack import wait_until
from tests.inside import tell

_DNS = "127.0.0.1:8053"
# Every name is this machine; the other servers that it could be stay off.
_NAME_SERVER = [
    "challtestsrv",
    *("-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
    *("-dnsserver", _DNS, "-management", "127.0.0.1:8055"),
    *("-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""),
]


@dataclass(frozen=True)
class AcmeServer:
    """A running authority.

    Attributes:
        directory: its URL as a container sees it.
        own_root: PEM text of the root behind the directory's own certificate.
        issuing_root: PEM text of the root behind the certificates that it issues.
    """

    directory: str
    own_root: str
    issuing_root: str


@contextmanager
def acme_server(name: str, *, http_port: int) -> Iterator[AcmeServer]:
    """Run Pebble on this machine's own network for the block.

    Args:
        name: prefix of the containers.
        http_port: where it looks for the answers to its http challenges, as port 80 of the world.
    """
    image = build_images(["pebble"], {})["pebble"]
    with ExitStack() as held:
        client = docker.from_env()
        held.callback(client.close)
        bridge = client.networks.get("docker_gwbridge").attrs["IPAM"]["Config"][0]["Gateway"]
        names = client.containers.run(
            image, _NAME_SERVER, name=f"{name}_dns", network_mode="host", detach=True
        )
        held.callback(names.remove, force=True, v=True)
        pebble = client.containers.run(
            image,
            ["-dnsserver", _DNS],
            name=f"{name}_pebble",
            network_mode="host",
            detach=True,
            environment={
                "PEBBLE_ADDRESSES": bridge,
                "PEBBLE_HTTP_PORT": str(http_port),
                # It waits and refuses at random otherwise, to try its clients' patience.
                "PEBBLE_VA_NOSLEEP": "1",
                "PEBBLE_WFE_NONCEREJECT": "0",
            },
        )
        held.callback(pebble.remove, force=True, v=True)
        wait_until(lambda: _says(names, "Starting management server"), 180)
        wait_until(lambda: _says(pebble, "ACME directory available"), 180)
        own_root = tell(pebble, "cat", "/pebble/ca.pem").decode()
        trusted = ssl.create_default_context(cadata=own_root)
        issuing = httpx.get("https://127.0.0.1:15000/roots/0", verify=trusted).text
        yield AcmeServer(f"https://{bridge}:14000/dir", own_root, issuing)


def _says(container: Container, words: str) -> bool:
    said = b"".join(container.logs(stream=True, follow=False)).decode()
    container.reload()
    assert container.status in {"created", "running"}, said
    return words in said
