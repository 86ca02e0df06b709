"""What an adopted service keeps of its earlier life, so that adopting restarts nothing. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from components.swarm.service import ServiceSpec
from settings import STACK_LABEL, DockerStack


def as_adopted(spec: ServiceSpec, adopted: Mapping[str, DockerStack]) -> ServiceSpec:
    """Return a service with what `docker stack deploy` left in its tasks.

    Args:
        spec: as it would be made anew.
        adopted: `estate:adopted`; a service that is not in it stays as it is.
    """
    left = adopted.get(spec.name)
    if left is None:
        return spec
    return replace(
        spec,
        networks=[
            replace(one, aliases=sorted({*one.aliases, left.alias})) for one in spec.networks
        ],
        mounts=[
            replace(one, labels={STACK_LABEL: left.stack}) if one.source in left.volumes else one
            for one in spec.mounts
        ],
        container_labels={**spec.container_labels, STACK_LABEL: left.stack},
    )
