"""The rules as policies of CrossGuard: from the engine's values to ours, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy import estate_rules, service_rules
from policy.resource import LATER, Facts, Resource, Rule, StackRule

RULES: tuple[Rule, ...] = (*service_rules.RULES, *estate_rules.RULES)
STACK_RULES: tuple[StackRule, ...] = estate_rules.STACK_RULES
_PREFIX = "estate:"
_SECRETS = "Secrets"
_NO_SECRET = frozenset({"username"})
"""What stands beside a secret: a registry's user may be a part of its images' names."""
_PLACEHOLDER = "placeholder"
"""Stands in a committed stack file for a value that is not known yet, secret or not."""


def policies() -> list[Policy]:
    """Return every rule as a policy."""
    return [*map(_of_resource, RULES), *map(_of_stack, STACK_RULES)]


def facts(config: Mapping[str, str]) -> Facts:
    """Return what rules need of the stack file; pure.

    Args:
        config: as the engine gives it, `estate:key` → JSON text.
    """
    zones = _json(config.get(f"{_PREFIX}dns")).get("zones") or {}
    secrets = [
        text
        for key, value in config.items()
        if key.startswith(_PREFIX) and key.endswith(_SECRETS)
        for text in _texts(_json(value))
    ]
    return Facts(
        zones={str(name): str(id_) for name, id_ in zones.items()},
        secrets=frozenset(secrets) - {_PLACEHOLDER},
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a resource
    """Return a value of the engine in plain values, with `LATER` for what is not known yet."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in _known(value, list(value))}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(one) for _, one in _known(value, range(len(value)))]
    return value


def _known(value: Any, keys: Sequence[Any]) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    for key in keys:
        try:
            yield key, value[key]
        except UnknownValueError:
            yield key, LATER


def _of_resource(rule: Rule) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in rule.types:
            return
        resource = Resource(
            type=args.resource_type,
            name=args.name,
            props=plain(args.props),
            protect=args.opts.protect,
            urn=args.urn,
        )
        for text in rule.broken(resource, _facts()):
            report(text, None)

    return ResourceValidationPolicy(name=rule.name, description=rule.description, validate=validate)


def _of_stack(rule: StackRule) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                type=one.resource_type,
                name=one.name,
                props=plain(one.props),
                protect=one.opts.protect,
                urn=one.urn,
            )
            for one in args.resources
        ]
        for resource, text in rule.check(resources, _facts()):
            report(text, resource.urn)

    return StackValidationPolicy(name=rule.name, description=rule.description, validate=validate)


def _facts() -> Facts:
    return facts(pulumi.runtime.config.CONFIG.get())


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name not in _NO_SECRET:
                yield from _texts(one)
