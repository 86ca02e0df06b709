"""The environment that Convex functions read; changes only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tenacity

from steps.convex import PAUSE_S, TRIES, ConvexApi, admin_key
from steps.docker_host import connect
from steps.errors import ConvexError
from steps.web import open_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.inputs import ConvexTarget


def changes(current: Mapping[str, str], wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the part of `wanted` that differs; None deletes, and only what is there."""
    return {name: value for name, value in wanted.items() if current.get(name) != value}


def look(given: ConvexTarget, context: Context) -> dict[str, str]:
    """Return every variable with its value, waiting for a backend that is being started anew.

    Raises:
        HostError: the host cannot be reached.
        ConvexError: the backend does not run, or refuses.
    """
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_fixed(PAUSE_S),
        sleep=context.clock.sleep,
        retry=tenacity.retry_if_exception_type(ConvexError),
        reraise=True,
    )
    with connect(given.docker, context) as client:
        key = retrying(admin_key, client, given.service, given.instance_name, context)
    with open_client(given.ca_certificate) as http:
        return ConvexApi(http, given.url, key, context).environment()


def bring(
    given: ConvexTarget, wanted: Mapping[str, str | None], context: Context
) -> dict[str, str]:
    """Bring the variables to what is wanted; return all of them as they are then.

    Args:
        given: the backend.
        wanted: name → value, or None where the variable is not to be.
        context: of the step.

    Raises:
        ConvexError: the backend refuses, or does not keep what it was given.
    """
    with connect(given.docker, context) as client:
        key = admin_key(client, given.service, given.instance_name, context)
    with open_client(given.ca_certificate) as http:
        api = ConvexApi(http, given.url, key, context)
        current = api.environment()
        needed = changes(current, wanted)
        if not needed:
            return current
        context.say(f"convex: changing {', '.join(sorted(needed))}")
        api.update_environment(needed)
        current = api.environment()
    left = changes(current, wanted)
    if left:
        raise ConvexError(
            "Convex did not keep the variables it was given.",
            why=f"still different: {', '.join(sorted(left))}",
            state="Other variables were set.",
            todo="Check that nobody else sets them, then run the update again.",
        )
    return current
