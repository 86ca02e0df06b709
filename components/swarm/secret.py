"""Swarm secrets, which cannot be changed: each value is a generation of its own."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.place import Place
from components.swarm.labels import label_args

FAMILY_LABEL = "estate.secret"
_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """A generation of a secret as a file inside a task.

    Attributes:
        name: its Docker name, known before it exists.
        id: its Docker id.
        target: absolute path inside the task.
        resource: the resource, for what has to come after it.
    """

    name: str
    id: pulumi.Input[str]
    target: str
    resource: pulumi.Resource


def generation(family: str, value: str) -> str:
    """Return the name of the generation that holds a value.

    The family is hashed with the value, so that two families never show that they share one.
    """
    digest = hashlib.sha256(f"{family}\0{value}".encode()).hexdigest()
    return f"{family}_{digest[:_DIGITS]}"


def secret_file(
    family: str,
    value: str,
    target: str,
    *,
    place: Place,
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> SecretFile:
    """Declare the generation of a secret that holds this value, for use as a file.

    The hash stands in both names, because the provider deletes before it creates: the new
    generation comes first, then the service switches. The old one stays in the Swarm, so that a
    service can be rolled back to it; the hook keeps the last few and clears the name of a value
    that comes back.

    Args:
        family: name without the generation.
        value: the clear text.
        target: absolute path inside the task.
        place: where it is made.
        labels: who made it.
        parent: whose child it is.
    """
    name = generation(family, value)
    data = base64.b64encode(value.encode()).decode()
    kept = pulumi.ResourceOptions(retain_on_delete=True, hooks=place.hooks.for_secret)
    declared = docker.Secret(
        name,
        name=name,
        data=pulumi.Output.secret(data),
        labels=label_args(docker.SecretLabelArgs, {**labels, FAMILY_LABEL: family}),
        opts=pulumi.ResourceOptions.merge(place.on_swarm(parent), kept),
    )
    return SecretFile(name=name, id=declared.id, target=target, resource=declared)
