"""Compares services, networks, volumes, secrets and configs with what was declared; pure."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ops.drift.daemon import Daemon, Swarm
from ops.drift.declared import Resource, settled
from ops.drift.fields import canonical, differences
from ops.drift.finding import Drift, Severity
from ops.drift.pairs import another, differs, gone, matched
from ops.drift.words import shown
from settings import STACK_LABEL
from swarm_spec import service_spec, to_map

_BY_HAND = "Docker cannot change it and make up does not see it: {hand}"


def services(declared: Sequence[Resource], swarm: Swarm) -> Iterator[Drift]:
    """Yield what differs in every field of the services."""
    names = swarm.network_names()
    for one, found in matched(declared, swarm.services):
        if found is None:
            yield gone(one)
            continue
        wanted = canonical(_without_platforms(service_spec(settled(one))), names)
        there = canonical(_without_platforms(found["Spec"]), names)
        for field in differences(wanted, there):
            yield differs(one, field, since=str(found.get("UpdatedAt", "")))
        yield from another(one, found, str(found.get("CreatedAt", "")))


def networks(declared: Sequence[Resource], swarm: Swarm) -> Iterator[Drift]:
    """Yield what differs in the networks; none of it can be changed on a network that exists."""
    for one, found in matched(declared, swarm.networks, name=lambda item: item["Name"]):
        if found is None:
            yield gone(one)
            continue
        seen = {
            "driver": found.get("Driver"),
            "internal": found.get("Internal"),
            "attachable": found.get("Attachable"),
            "ingress": found.get("Ingress"),
            "ipv6": found.get("EnableIPv6"),
            "labels": found.get("Labels"),
        }
        wanted = {name: one.inputs.get(name) for name in seen} | _labels(one.inputs)
        # A network that was read before the Swarm had allocated it showed neither of these.
        if not seen["driver"]:
            wanted["driver"] = seen["driver"]
        created = str(found.get("Created", ""))
        for field in differences(wanted, seen):
            yield differs(one, field, since=created, severity=Severity.CRITICAL)
        yield from another(one, found, created, Severity.CRITICAL)


def volumes(declared: Sequence[Resource], daemon: Daemon) -> Iterator[Drift]:
    """Yield what differs in the volumes of one host.

    Labels are compared with those of the last look: Docker cannot change them, and a volume that
    was adopted keeps those it was born with.
    """
    by_name = {str(one["Name"]): one for one in daemon.volumes}
    for one in declared:
        found = by_name.get(one.own_name)
        if found is None:
            yield gone(one, "the data are gone with it: see docs/operate.md, Restore data")
            continue
        seen = {
            "driver": found.get("Driver"),
            "driverOpts": found.get("Options"),
            "labels": found.get("Labels"),
        }
        wanted = {
            "driver": one.inputs.get("driver") or one.outputs.get("driver"),
            "driverOpts": one.inputs.get("driverOpts"),
            **_labels(one.outputs),
        }
        for field in differences(wanted, seen):
            yield differs(
                one,
                field,
                since=str(found.get("CreatedAt", "")),
                severity=Severity.CRITICAL,
                todo="it was made anew by hand: see that its data are there",
            )


def secrets(declared: Sequence[Resource], swarm: Swarm) -> Iterator[Drift]:
    """Yield what differs in the secrets; their values are never given back."""
    yield from _files(declared, swarm.secrets, _secret_fields)


def configs(declared: Sequence[Resource], swarm: Swarm) -> Iterator[Drift]:
    """Yield what differs in the configs, their content included."""
    yield from _files(declared, swarm.configs, _config_fields)


def _files(
    declared: Sequence[Resource],
    found: Sequence[Mapping[str, Any]],
    fields: Callable[[Resource, Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any]]],
) -> Iterator[Drift]:
    for one, there in matched(declared, found):
        if there is None:
            yield gone(one)
            continue
        wanted, seen = fields(one, there["Spec"])
        for field in differences(wanted, seen):
            content = field.path == "data"
            yield Drift(
                resource=one.name,
                field=field.path,
                declared="what was brought up" if content else shown(field.path, field.declared),
                found="another content" if content else shown(field.path, field.found),
                since=str(there.get("UpdatedAt", "")),
                severity=Severity.CRITICAL if content else Severity.NOTE,
                todo=_BY_HAND.format(hand="remove it once no service mounts it, then make up"),
            )
        yield from another(one, there, str(there.get("CreatedAt", "")), Severity.CRITICAL)


def _secret_fields(one: Resource, spec: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    labels = spec.get("Labels") or {}
    if STACK_LABEL in labels:
        # One that was adopted keeps the labels it was born with.
        return {"name": one.own_name}, {"name": spec["Name"]}
    return {"name": one.own_name, **_labels(one.inputs)}, {"name": spec["Name"], "labels": labels}


def _config_fields(one: Resource, spec: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted, seen = _secret_fields(one, spec)
    raw = one.inputs.get("dataRaw")
    data = one.inputs.get("data") if raw is None else base64.b64encode(raw.encode()).decode()
    return wanted | {"data": data}, seen | {"data": spec.get("Data")}


def _labels(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"labels": to_map(properties.get("labels"))}


def _without_platforms(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the platforms of an image: whoever resolves its name writes them, or does not."""
    task = dict(spec["TaskTemplate"])
    placement = task.get("Placement") or {}
    task["Placement"] = {key: value for key, value in placement.items() if key != "Platforms"}
    return {**spec, "TaskTemplate": task}
