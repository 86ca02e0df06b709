"""Binds what runs beside secrets and services; the work itself is in `ops.reactions`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pulumi

from components.hooks import Hooks
from settings import Estate, Host, secret_texts

if TYPE_CHECKING:
    from ops.reactions import Reactions


def hooks_for(estate: Estate) -> Callable[[str, Host], Hooks]:
    """Return a function that makes the hooks of a host, given its name and its Swarm's manager.

    Args:
        estate: the settings; their secrets are taken out of everything that is shown.
    """
    if pulumi.runtime.is_dry_run():
        # Nothing runs in a preview, and it need not pay for importing the Docker SDK.
        return lambda _name, _manager: Hooks()
    # Now and not when a hook runs: by then the program has ended, and its folder has left sys.path.
    from ops.reactions import Reactions  # noqa: PLC0415

    hidden = list(secret_texts(estate))
    return lambda name, manager: _bind(name, Reactions(manager, hidden))


def _bind(name: str, reactions: "Reactions") -> Hooks:
    started = pulumi.ResourceHook(f"watch-{name}", reactions.begin)
    ended = pulumi.ResourceHook(f"unwatch-{name}", reactions.end)
    way = pulumi.ResourceHook(f"make-way-{name}", reactions.make_way)
    explained = pulumi.ErrorHook(f"explain-{name}", reactions.explain)
    return Hooks(
        for_secret=pulumi.ResourceHookBinding(before_create=[way]),
        for_service=pulumi.ResourceHookBinding(
            before_create=[started],
            before_update=[started],
            after_create=[ended],
            after_update=[ended],
            on_error=[explained],
        ),
    )
