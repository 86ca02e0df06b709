"""Private registries, from which the nodes of a Swarm pull images."""

from .model import Model
from .types import Secret, Variable


class RegistryLogin(Model):
    """Who pulls from a registry; the name of the registry is its key.

    Attributes:
        username: its user.
        password: its password or token; reading images is all that it should allow.
    """

    username: Variable
    password: Secret
