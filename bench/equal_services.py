"""As many equal services as BENCH_COUNT says, as the components declare them; a Pulumi program."""

import os

import pulumi

from components.hooks import Hooks
from components.place import places
from components.swarm.network import network
from components.swarm.service import Attachment, Healthcheck, ServiceSpec, service
from ops.stack_file import read

_MIB = 2**20

estate = read(pulumi.get_stack())
assert estate.tools is not None  # noqa: S101 - the benchmark writes the stack file
place = places(estate, stack=pulumi.get_stack(), hooks=lambda _name, _manager: Hooks())["local"]
stack = pulumi.ComponentResource("estate:bench:Equal", "equal")
shared = network("bench-drift", place.labels, place.on_swarm(stack))
for n in range(int(os.environ["BENCH_COUNT"])):
    spec = ServiceSpec(
        name=f"bench-drift-{n}",
        image=estate.tools.image,
        entrypoint=["sleep"],
        args=["infinity"],
        healthcheck=Healthcheck(test=["NONE"]),
        memory_limit=32 * _MIB,
        memory_reservation=6 * _MIB,
        networks=[Attachment(network=shared.id, name="bench-drift")],
        labels=place.labels,
        constraints=place.pinned,
        stop_grace_s=1,
    )
    service(spec, Hooks(), place.on_swarm(stack))
