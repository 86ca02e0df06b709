"""From a plan of the engine and what runs to the state that an update would have left. Pure.

The state is what `pulumi import` cannot make: secrets, whose content Swarm never shows, steps,
which no provider can read, and what only the program knows of a service. Everything in it comes
from the engine's own plan, secrets encrypted, and is read anew from the host before it counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any
from uuid import uuid4

from ops.half_made import SERVICE
from ops.records import RECORD
from ops.running import NETWORK, SECRET, VOLUME, Key, Running

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that it cannot know yet."""
STEP = "command:local:Command"
PROVIDER = "pulumi:providers:"
_OWN = "estate:"
"""How the types of the native provider begin, which reads by itself what an application holds."""
_AS_READ = "__pulumi_raw_state_delta"
"""Output in which the docker provider notes how the others differ from what it has read; it panics
when one was changed since, and does without it (its message says so)."""
DOCKER_STACK = "com.docker.stack."
"""How the labels begin by which `docker stack` finds what it made."""
_OPTIONS = (
    *("parent", "protect", "dependencies", "propertyDependencies", "deleteBeforeReplace"),
    *("ignoreChanges", "additionalSecretOutputs", "aliases", "customTimeouts"),
)


@dataclass(frozen=True)
class Planned:
    """A resource that the next update would create.

    Attributes:
        urn: the engine's name of it.
        goal: what the program asks for.
        outputs: what the engine expects of it, as far as it can know.
    """

    urn: str
    goal: Mapping[str, Any]
    outputs: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Its type token."""
        return str(self.goal["type"])

    @property
    def inputs(self) -> dict[str, Any]:
        """What it is to become."""
        return dict(self.goal["inputDiff"].get("adds") or {})

    @property
    def is_known(self) -> bool:
        """Whether nothing of it waits for another resource."""
        return not _holds_unknown(self.inputs)

    def ids(self, running: Running) -> Iterator[str]:
        """Yield the provider's name of what runs in its place, the likeliest first."""
        if self.type.startswith(_OWN):
            kind, name = self._holder()
            if any((key.type, key.name) == (kind, name) for key in running.ids):
                yield name
            return
        for key in self._keys():
            if id_ := running.ids.get(key):
                yield id_

    def _holder(self) -> tuple[str, str]:
        """Return type and name of what has to run for the provider to have something to read."""
        given = self.inputs
        if service := given.get("service"):
            return SERVICE, str(service)
        return NETWORK, str(given["job"]["network"])

    def _keys(self) -> Iterator[Key]:
        given = self.inputs
        if self.type == RECORD:
            name = f"{given['name']}/{given['type']}"
            yield Key(given["zoneId"], RECORD, f"{name}/{given['content']}")
            yield Key(given["zoneId"], RECORD, name)
        else:
            host = str(self.goal.get("provider", "")).rpartition("::")[0].rpartition("::")[2]
            yield Key(host, self.type, str(given.get("name")))


def planned(plan: Mapping[str, Any]) -> list[Planned]:
    """Return what the update of a plan would create."""
    return [
        Planned(urn, one["goal"], _known(one.get("state") or {}))
        for urn, one in plan["resourcePlans"].items()
        if one["steps"] == ["create"]
    ]


def found(creating: list[Planned], running: Running, state: Mapping[str, Any]) -> list[Any]:
    """Return what runs already as resources of a state, with the components that hold it.

    Args:
        creating: what an update would create.
        running: what there is.
        state: the resources so far are looked at for the ids of providers.
    """
    providers = {one["urn"]: one["id"] for one in state["resources"] if one.get("id")}
    taken = set(providers.values())
    made: list[Any] = []
    for one in creating:
        if not one.goal["custom"]:
            made.append(_resource(one, None, providers))
        elif one.type.startswith(PROVIDER):
            providers[one.urn] = str(uuid4())
            made.append(_resource(one, providers[one.urn], providers))
    for one in creating:
        if one.goal["custom"] and not one.type.startswith((PROVIDER, STEP)) and one.is_known:
            id_ = next((id_ for id_ in one.ids(running) if id_ not in taken), None)
            if id_ is not None:
                taken |= {id_} if one.type == RECORD else set()
                made.append(_resource(one, id_, providers))
    return made


def done(steps: list[Planned], state: Mapping[str, Any]) -> list[Any]:
    """Return steps as resources of a state, as if they had been carried out."""
    providers = {one["urn"]: one["id"] for one in state["resources"] if one.get("id")}
    return [_resource(one, f"adopted-{uuid4()}", providers) for one in steps]


def grown(state: Mapping[str, Any], new: list[Any]) -> dict[str, Any]:
    """Return a deployment with more resources, each after what it stands on."""
    by_urn = {one["urn"]: one for one in [*state["resources"], *new]}
    order = TopologicalSorter({
        urn: [other for other in _needs(one) if other in by_urn] for urn, one in by_urn.items()
    })
    resources = [_without_unknown_needs(by_urn[urn], by_urn) for urn in order.static_order()]
    return {**state, "resources": resources}


def without_stack_marks(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment whose services have no mark of `docker stack` any more.

    Its labels are taken off the services as well. The empty privileges that it writes into each
    task cannot be, without a restart, and the provider cannot declare them: they go with the first
    release.
    """
    return {**state, "resources": [_unmarked(one) for one in state["resources"]]}


def _unmarked(resource: Mapping[str, Any]) -> dict[str, Any]:
    if not resource["type"].endswith(":Service"):
        return dict(resource)
    kept = {}
    for part in ("inputs", "outputs"):
        values = {**resource[part]}
        if labels := values.get("labels"):
            ours = [one for one in labels if not one["label"].startswith(DOCKER_STACK)]
            values["labels"] = ours
        task = values.get("taskSpec") or {}
        container = task.get("containerSpec") or {}
        if "privileges" in container and not any((container["privileges"] or {}).values()):
            own = {name: value for name, value in container.items() if name != "privileges"}
            values["taskSpec"] = {**task, "containerSpec": own}
        if values != resource[part]:
            values.pop(_AS_READ, None)
        kept[part] = values
    return {**resource, **kept}


def _resource(one: Planned, id_: str | None, providers: Mapping[str, str]) -> dict[str, Any]:
    goal = one.goal
    options = {name: goal[name] for name in _OPTIONS if goal.get(name)}
    resource = {"urn": one.urn, "custom": goal["custom"], "type": one.type, **options}
    if id_ is not None:
        resource["id"] = id_
        # As the program says of both; a service could not be made anew beside the one that stays.
        resource["retainOnDelete"] = one.type in {VOLUME, SECRET}
    if provider := str(goal.get("provider", "")).rpartition("::")[0]:
        resource["provider"] = f"{provider}::{providers[provider]}"
    return {**resource, "inputs": one.inputs, "outputs": {**one.outputs, **_seen(one)}}


def _seen(one: Planned) -> dict[str, Any]:
    """Return the outputs that the engine cannot foresee; those of our provider it reads anew."""
    if one.type == STEP:
        return {"stdout": "", "stderr": ""}
    return one.inputs if one.type.startswith(_OWN) else {}


def _needs(resource: Mapping[str, Any]) -> list[str]:
    provider = str(resource.get("provider", "")).rpartition("::")[0]
    above = [urn for urn in (resource.get("parent"), provider) if urn]
    return [*above, *(resource.get("dependencies") or [])]


def _without_unknown_needs(resource: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a resource that does not wait for what does not exist yet."""
    needs: dict[str, Any] = {
        "dependencies": [urn for urn in resource.get("dependencies") or [] if urn in known]
    }
    if by_property := resource.get("propertyDependencies"):
        needs["propertyDependencies"] = {
            name: [urn for urn in urns or [] if urn in known] for name, urns in by_property.items()
        }
    return {**resource, **needs}


def _known(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value without the members that are not known yet."""
    if isinstance(value, dict):
        return {name: _known(one) for name, one in value.items() if not _holds_unknown(one)}
    return value


def _holds_unknown(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_holds_unknown, value))
    return value == UNKNOWN
