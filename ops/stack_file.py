"""From the engine's configuration to the settings, or to one message with every mistake."""

import pulumi

from settings import Estate, SettingsError, load, placeholders

_PREFIX = "estate:"


def read(stack: str) -> Estate:
    """Return the settings of the running program.

    A placeholder may stand while a change is previewed, and never reaches a host.

    Args:
        stack: name of the stack.

    Raises:
        RunError: the stack file has mistakes, or an update meets placeholders.
    """
    raw = {
        key.removeprefix(_PREFIX): text
        for key, text in pulumi.runtime.config.CONFIG.get().items()
        if key.startswith(_PREFIX)
    }
    try:
        estate = load(raw, stack)
    except SettingsError as error:
        raise pulumi.RunError(f"the stack file of {stack} needs corrections:\n{error}") from None
    left = placeholders(estate)
    if left and pulumi.runtime.is_dry_run():
        pulumi.log.warn(f"placeholders that an update will refuse: {', '.join(left)}")
    elif left:
        listed = "\n".join(left)
        raise pulumi.RunError(f"these are still placeholders, nothing was changed:\n{listed}")
    return estate
