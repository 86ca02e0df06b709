"""A resource between its inputs, its state and what was seen. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from provider.entries import Bag, Change, below, compare, covered
from provider.resource import Before
from provider.wire.errors import PluginError
from provider.wire.values import wrap
from steps.secret_values import revealed, secrets_in

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue

    from provider.resource import Failure, Resource, Seen
    from steps.inputs import Reached

COULD_NOT_LOOK = "could_not_look"
"""Output of a resource whose host answers while what holds the entries does not; its value says
why. Neither gone nor an error: an update has to be able to repair that."""

Values = dict[str, "PropertyValue"]


class OtherVersionError(PluginError):
    """Inputs that are recorded are not as this version has them."""


def failures_in(resource: Resource[Any], inputs: Bag) -> list[Failure]:
    """Return every mistake in some inputs, by path."""
    try:
        resource.model.model_validate_json(json.dumps(inputs))
    except ValidationError as error:
        mistakes = error.errors(include_input=False, include_url=False, include_context=False)
        return [(_path(one["loc"]), str(one["msg"])) for one in mistakes]
    return []


def _path(loc: tuple[int | str, ...]) -> str:
    """Write where a mistake is as the engine does: `hosts["acme"].forward_port`, `list[0]`."""
    path, in_map = "", False
    for depth, part in enumerate(loc):
        if isinstance(part, int):
            path += f"[{part}]"
        elif depth == 0:
            path = part
        else:
            path = below(path, part) if in_map else f"{path}.{part}"
        in_map = depth == 0
    return path


def model_of(resource: Resource[Any], inputs: Bag) -> Any:  # noqa: ANN401 - the resource's own
    """Return the inputs as the resource's model.

    Raises:
        OtherVersionError: they are not of this version.
    """
    try:
        return resource.model.model_validate_json(json.dumps(inputs))
    except ValidationError as error:
        places = ", ".join(_path(one["loc"]) for one in error.errors(include_input=False))
        raise OtherVersionError(
            f"{resource.token}: the inputs are of another version of this program: {places}"
        ) from None


def wanted(resource: Resource[Any], given: Reached, salt: str) -> Bag:
    """Return the declared map, covered."""
    found: Bag = covered(given.model_dump()[resource.entries], salt)
    return found


def before_change(resource: Resource[Any], state: Bag, declared: Bag) -> Before:
    """Return what is recorded when a change to what is declared, covered, begins."""
    recorded = mapping(state.get(resource.entries))
    both = recorded.keys() & declared.keys()
    same = {name for name in both if not compare("", {"": recorded[name]}, {"": declared[name]})}
    return Before(
        names=frozenset(recorded),
        changed=frozenset(declared.keys() - same),
        facts=mapping(state.get("facts")),
    )


def mapping(value: object) -> Bag:
    """Return a value that is a map, or an empty one."""
    return value if isinstance(value, dict) else {}


def differences(resource: Resource[Any], state: Bag, inputs: Bag) -> list[Change]:
    """List the differences; what could not be looked at last time is one, too."""
    given = model_of(resource, inputs)
    declared = wanted(resource, given, str(state.get("salt", "")))
    found = compare(resource.entries, mapping(state.get(resource.entries)), declared)
    counted = given.model_dump()
    found += [Change(n, "update") for n in resource.counted if state.get(n) != counted[n]]
    if COULD_NOT_LOOK in state:
        found.append(Change(COULD_NOT_LOOK, "delete"))
    return found


def state_of(resource: Resource[Any], given: Reached, seen: Seen, salt: str) -> Values:
    """Return the outputs that are recorded."""
    counted = given.model_dump(include=set(resource.counted))
    return {
        **{name: wrap(value) for name, value in counted.items()},
        resource.entries: wrap(covered(seen.entries, salt)),
        "facts": wrap(seen.facts),
        "salt": wrap(salt).with_secret(True),  # noqa: FBT003 - the SDK's signature
    }


def as_input(resource: Resource[Any], given: Reached, seen: Seen, salt: str) -> PropertyValue:
    """Return the map as inputs would give it: as given where nothing differs."""
    declared = given.model_dump()[resource.entries]
    same = covered(declared, salt) == covered(seen.entries, salt)
    found = revealed(declared if same else seen.entries)
    return wrap(found).with_secret(any(secrets_in([declared, seen.entries])))
