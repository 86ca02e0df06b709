"""Overlay networks."""

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.swarm.labels import label_args


def network(
    name: str, labels: Mapping[str, str], opts: pulumi.ResourceOptions, *, internal: bool = False
) -> docker.Network:
    """Declare an overlay network that services and one-shot jobs can join.

    Args:
        name: its Docker name.
        labels: who made it.
        opts: parent and provider.
        internal: True gives it no way out to the world.
    """
    # A network read before the Swarm has allocated it shows no driver. The difference would replace
    # a network that services stand on, which the daemon refuses. So would a change of labels, and
    # an adopted network keeps those it was born with.
    kept = pulumi.ResourceOptions(ignore_changes=["driver", "ipamDriver", "labels"])
    return docker.Network(
        name,
        name=name,
        driver="overlay",
        attachable=True,
        internal=internal,
        labels=label_args(docker.NetworkLabelArgs, labels),
        opts=pulumi.ResourceOptions.merge(opts, kept),
    )
