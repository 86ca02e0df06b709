"""Labels: who made an object, as Docker keeps them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

LabelArgs = TypeVar("LabelArgs")


def label_args(kind: Callable[..., LabelArgs], labels: Mapping[str, str]) -> list[LabelArgs]:
    """Return labels as the provider's arguments, sorted: their order must not show as a change.

    Args:
        kind: the provider's label type; it has one for each kind of resource.
        labels: name → value.
    """
    return [kind(label=name, value=labels[name]) for name in sorted(labels)]
