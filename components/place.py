"""Where things are declared: one Docker provider a host, and the labels of what is made there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from components.hooks import Hooks
from settings import DockerStack, Estate, Host, RegistryLogin


@dataclass(frozen=True, kw_only=True)
class Place:
    """A host as components see it.

    Attributes:
        swarm: provider of the daemon that manages the Swarm: services, networks, secrets.
        disk: provider of the host's own daemon: its volumes.
        manager: the managing host, for steps and jobs.
        host: the host itself, for what has to happen beside its volumes.
        pinned: placement constraints that keep a task beside the host's volumes.
        labels: on everything made here.
        registries: registry → who pulls from it.
        hooks: what runs beside secrets and services.
        adopted: service → what it keeps of the docker stack that made it.
    """

    swarm: docker.Provider
    disk: docker.Provider
    manager: Host
    host: Host
    pinned: tuple[str, ...]
    labels: Mapping[str, str]
    registries: Mapping[str, RegistryLogin]
    hooks: Hooks
    adopted: Mapping[str, DockerStack]

    def on_swarm(
        self, parent: pulumi.Resource, after: list[pulumi.Resource] | None = None
    ) -> pulumi.ResourceOptions:
        """Return options for what the Swarm manages."""
        return pulumi.ResourceOptions(parent=parent, provider=self.swarm, depends_on=after or [])

    def on_disk(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options for what lies on the host's disk."""
        return pulumi.ResourceOptions(parent=parent, provider=self.disk)


def docker_target(host: Host) -> dict[str, object]:
    """Return how a step reaches a host's daemon."""
    return {"url": host.url, "ssh_options": host.ssh_options()}


def pinned_to(host: Host) -> tuple[str, ...]:
    """Return the constraint that keeps a task on a host; one that never names it needs none else.

    A Swarm of one node has only its manager; more nodes need the host's own name in the Swarm.
    """
    return (f"node.hostname=={host.node}",) if host.node else ("node.role==manager",)


def places(estate: Estate, *, stack: str, hooks: Callable[[str, Host], Hooks]) -> dict[str, Place]:
    """Declare a provider for each host and return the places.

    Args:
        estate: the settings.
        stack: name of the Pulumi stack, a label on everything.
        hooks: makes what runs beside secrets and services, from a host's name and its manager.
    """
    hosts, registries = estate.hosts, estate.registry_secrets
    providers = {name: _provider(name, host, registries) for name, host in hosts.items()}
    return {
        name: Place(
            swarm=providers[host.manager or name],
            disk=providers[name],
            manager=hosts[host.manager or name],
            host=host,
            pinned=pinned_to(host),
            labels={"estate.stack": stack},
            registries=registries,
            hooks=hooks(name, hosts[host.manager or name]),
            adopted=estate.adopted,
        )
        for name, host in hosts.items()
    }


def registry_logins(registries: Mapping[str, RegistryLogin]) -> dict[str, dict[str, str]]:
    """Return registry → user and password in clear, for a step's standard input."""
    return {
        name: {"username": login.username, "password": login.password.get_secret_value()}
        for name, login in registries.items()
    }


def _provider(name: str, host: Host, registries: Mapping[str, RegistryLogin]) -> docker.Provider:
    logins = [
        docker.ProviderRegistryAuthArgs(
            address=registry,
            username=login["username"],
            password=pulumi.Output.secret(login["password"]),
        )
        for registry, login in sorted(registry_logins(registries).items())
    ]
    return docker.Provider(
        name, host=host.url, ssh_opts=host.ssh_options() or None, registry_auth=logins or None
    )
