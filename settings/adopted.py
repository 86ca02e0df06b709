"""What adopted services keep of their earlier life."""

from .model import Listed, Model
from .types import ServiceName, SwarmName

STACK_LABEL = "com.docker.stack.namespace"
"""The label by which `docker stack` knows its own."""


class DockerStack(Model):
    """What `docker stack deploy` left in the tasks of a service, kept so that none restarts.

    Attributes:
        stack: the docker stack that made it, a label on its containers.
        alias: its short name there, which answers on every network of the service.
        volumes: those whose mount has that label too.
    """

    stack: ServiceName
    alias: ServiceName
    volumes: Listed[SwarmName] = ()


Adopted = dict[SwarmName, DockerStack]
"""Service → what it keeps."""
