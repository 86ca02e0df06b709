"""Tells the state what was changed by hand, so that the next update puts it back."""

from ops.drift import Drift, certain
from ops.engine import Engine


def notice_drift(engine: Engine) -> list[Drift]:
    """Write what differs from the stack into its state, and nothing else; return it.

    A provider takes some errors of a look for "deleted", so only what a list call of the API itself
    has shown to differ is read again by it.

    Raises:
        OpsError: reality could not be looked at as a whole.
    """
    seen = certain(engine)
    found = [one for one in seen.found if one.urn]
    urns = {one.urn for one in found} | {one.urn for one in seen.unknown}
    if urns:
        chosen = [part for urn in sorted(urns) for part in ("--target", urn)]
        engine.ask("refresh", "--yes", "--skip-preview", "--run-program", *chosen, limit_s=900)
    return found
