"""An edge and a small stateless service behind it, as the components declare them.

Made through the Docker API alone, so that a release can be measured without a stack; everything
carries the rig's name and is removed at the end.
"""

import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors
import httpx

from components.edge.arguments import traefik_arguments
from components.edge.docker_filter import FILTER_COMMAND, filter_config
from components.edge.route import Route, route_labels
from components.swarm.order import HostPort, Mount
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, as_input
from ops.workplace import PRIVATE
from settings import Edge
from steps.context import Context
from steps.release.change import Change
from steps.release.service import ServiceInput, spec_of
from steps.swarm import HELD, Swarm
from steps.web import open_client

SOCKET = "/var/run/docker.sock"
CALL_LIMIT_S = 60
LIMIT_S = 60.0
POLL_S = 0.2
PAGE = "/api/health"
PORT = 3000
_SERVER = Path(__file__).with_name("server.mjs")
_MIB = 2**20
"""What the daemon says of a network in use by a service, or by a container."""


def image(name: str) -> str:
    """Return the reference of an image of the local stack."""
    images = json.loads((PRIVATE / "images.json").read_text(encoding="utf-8"))
    return str(images[name]["ref"])


def wait_until(done: Callable[[], bool], complaint: str) -> None:
    """Wait until something is done.

    Raises:
        TimeoutError: it is not after a minute.
    """
    deadline = time.monotonic() + LIMIT_S
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{complaint} after {LIMIT_S:.0f} s")
        time.sleep(POLL_S)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A running edge, and what it takes to run services behind it.

    Attributes:
        name: beginning of every Docker name.
        edge: its settings.
        swarm: the manager.
        api: its low-level client.
    """

    name: str
    edge: Edge
    swarm: Swarm
    api: Any

    @property
    def app(self) -> str:
        """Name of the service behind the edge."""
        return f"{self.name}_app"

    @property
    def url(self) -> str:
        """Where the service answers from outside."""
        return self.edge.url(f"{self.name}.localhost") + PAGE

    def spec(
        self,
        release: str,
        *,
        end: str = "graceful",
        env: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
    ) -> ServiceSpec:
        """Return the service in one release.

        Args:
            release: what it answers with.
            end: how it ends, see server.mjs.
            env: more variables.
            labels: more labels.
            mounts: a volume of its own makes it stop first.
        """
        url = f"http://127.0.0.1:{PORT}{PAGE}"
        probe = f"fetch('{url}').then(r=>process.exit(r.ok?0:1)).catch(()=>process.exit(1))"
        route = Route(service=self.app, domains=[f"{self.name}.localhost"], port=PORT)
        return ServiceSpec(
            name=self.app,
            image=image("node22-bun"),
            entrypoint=["node", "--input-type=module", "-e", _SERVER.read_text(encoding="utf-8")],
            env={"END": end, "RELEASE_SHA": release, **(env or {})},
            healthcheck=Healthcheck(test=["CMD", "node", "-e", probe]),
            memory_limit=256 * _MIB,
            memory_reservation=32 * _MIB,
            networks=[Attachment(network="", name=self.edge.network)],
            mounts=mounts,
            labels={**route_labels(route, self.edge), **(labels or {})},
        )

    def api_spec(self, spec: ServiceSpec, ports: Sequence[HostPort] = ()) -> dict[str, Any]:
        """Return a service as the Docker API wants it, the same way as a release does."""
        given = ServiceInput.model_validate_json(json.dumps(as_input(spec)))
        made = spec_of(given, networks=self.swarm.network_ids(), secrets={})
        made["EndpointSpec"]["Ports"] = [
            {
                "Protocol": "tcp",
                "PublishMode": "host",
                "TargetPort": port.target,
                "PublishedPort": port.published,
            }
            for port in ports
        ]
        return made

    def start(self, spec: ServiceSpec, ports: Sequence[HostPort] = ()) -> None:
        """Create a service."""
        wanted = self.api_spec(spec, ports)
        self.api.create_service(
            wanted["TaskTemplate"],
            name=wanted["Name"],
            labels=wanted["Labels"],
            mode=wanted["Mode"],
            update_config=wanted["UpdateConfig"],
            rollback_config=wanted["RollbackConfig"],
            endpoint_spec=wanted["EndpointSpec"],
        )

    def serve(self, spec: ServiceSpec) -> None:
        """Start the service anew and wait until it answers from outside."""
        self.remove(spec.name)
        self.start(spec)
        wait_until(lambda: self._answers(spec.env["RELEASE_SHA"]), f"{self.url} does not answer")

    def release(self, spec: ServiceSpec, context: Context) -> None:
        """Release as a switch does: change the service, and wait until exactly its task runs."""
        change = Change(self.swarm, spec.name, context)
        change.to(self.api_spec(spec), patience_s=spec.patience_s)

    def remove(self, name: str) -> None:
        """Remove a service, if there is one, and wait until its tasks are gone."""
        found = self.swarm.service(name)
        if found is None:
            return
        self.swarm.remove_service(found["ID"])
        label = f"com.docker.swarm.service.name={name}"
        wait_until(
            lambda: not self.api.containers(all=True, filters={"label": label}),
            f"containers of {name} do not go away",
        )

    def _answers(self, release: str) -> bool:
        try:
            with open_client() as http:
                answer = http.get(self.url)
        except httpx.HTTPError:
            return False
        return answer.is_success and answer.json()["release"] == release


@contextmanager
def rig(name: str, port: int, *, changed: Mapping[str, str | None] | None = None) -> Iterator[Rig]:
    """Start an edge; take it away again with everything behind it.

    Args:
        name: beginning of every Docker name.
        port: of this machine.
        changed: arguments of Traefik that differ from the default, to see what they are for;
            None leaves one out.
    """
    edge = Edge(
        host="local",
        name=f"{name}_edge",
        network=f"{name}_public",
        image=image("traefik"),
        filter_image=image("docker-filter"),
        http_port=port,
        acme=None,
    )
    client = docker.DockerClient(base_url=f"unix://{SOCKET}", timeout=CALL_LIMIT_S)
    made = Rig(name=name, edge=edge, swarm=Swarm(client), api=client.api)
    try:
        _clear(made, client)  # what a killed run has left
        client.networks.create(edge.network, driver="overlay", attachable=True)
        made.start(_filter(made))
        made.start(_traefik(made, changed or {}), [HostPort(target=80, published=port)])
        yield made
    finally:
        _clear(made, client)
        client.close()


def _filter(made: Rig) -> ServiceSpec:
    file = "/tmp/filter.cfg"  # noqa: S108 - lives and dies with the container
    run = shlex.join([*FILTER_COMMAND[:-1], file])
    return ServiceSpec(
        name=f"{made.name}_docker",
        image=made.edge.filter_image,
        entrypoint=["sh", "-c", f'printf %s "$FILTER" >{file} && exec {run}'],
        env={"FILTER": filter_config()},
        healthcheck=Healthcheck(test=["NONE"]),
        memory_limit=64 * _MIB,
        memory_reservation=16 * _MIB,
        networks=[Attachment(network="", name=made.edge.network)],
        mounts=[Mount(kind="bind", source=SOCKET, target=SOCKET, read_only=True)],
    )


def _traefik(made: Rig, changed: Mapping[str, str | None]) -> ServiceSpec:
    given = dict(one.split("=", 1) for one in traefik_arguments(made.edge, f"{made.name}_docker"))
    wanted = {**given, **changed}
    return ServiceSpec(
        name=made.edge.name,
        image=made.edge.image,
        args=[f"{key}={value}" for key, value in wanted.items() if value is not None],
        healthcheck=Healthcheck(test=["NONE"]),
        memory_limit=256 * _MIB,
        memory_reservation=64 * _MIB,
        networks=[Attachment(network="", name=made.edge.network)],
    )


def _clear(made: Rig, client: docker.DockerClient) -> None:
    """Remove everything that carries the rig's name."""
    own = f"{made.name}_"
    for service in made.api.services(filters={"name": own}):
        if service["Spec"]["Name"].startswith(own):
            made.remove(service["Spec"]["Name"])
    for volume in client.volumes.list(filters={"name": own}):
        if str(volume.name).startswith(own):
            volume.remove()
    _remove_network(client, made.edge.network)


def _remove_network(client: docker.DockerClient, name: str) -> None:
    """Remove a network as soon as its last task has left it."""

    def gone() -> bool:
        try:
            client.networks.get(name).remove()
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            if error.status_code not in HELD:
                raise
        return False

    wait_until(gone, f"network {name} stays in use")
