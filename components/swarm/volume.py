"""Named volumes: where the data of an application lives."""

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.swarm.labels import label_args


def volume(name: str, labels: Mapping[str, str], opts: pulumi.ResourceOptions) -> docker.Volume:
    """Declare a volume that no update, no destroy and no removed line of code can delete.

    Protected against a destroy, and kept on the host when it leaves the program. Labels are
    ignored once it exists: Docker cannot change them, so a change would ask for a new volume,
    and an adopted volume keeps those it was born with.

    Args:
        name: its Docker name, with the prefix that `docker stack deploy` gave it.
        labels: who made it.
        opts: parent and provider of the host whose disk holds it.
    """
    kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True, ignore_changes=["labels"])
    return docker.Volume(
        name,
        name=name,
        driver="local",
        labels=label_args(docker.VolumeLabelArgs, labels),
        opts=pulumi.ResourceOptions.merge(opts, kept),
    )
