"""Step `convex-env`: sets what Convex functions read; changes only what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.convex import ConvexApi, admin_key
from steps.docker_host import connect
from steps.errors import ConvexError, InputError
from steps.web import open_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context
    from steps.inputs import ConvexTarget


def changes(current: Mapping[str, str], wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the part of `wanted` that differs; None deletes, and only what is there."""
    return {name: value for name, value in wanted.items() if current.get(name) != value}


def wanted_in(secrets: Mapping[str, object]) -> dict[str, str | None]:
    """Return `set` of standard input.

    Raises:
        InputError: It is no object of texts and nulls.
    """
    given = secrets.get("set")
    if not isinstance(given, dict):
        bad = ["set"]
    else:
        bad = sorted(
            str(name) for name, value in given.items() if not isinstance(value, str | None)
        )
    if bad or not isinstance(given, dict):
        raise InputError(
            "convex-env got no usable variables on standard input.",
            why=f"neither text nor null: {', '.join(bad)}",
            state="Convex was not asked.",
            todo='Give {"set": {"NAME": "value", "OLD_NAME": null}}.',
        )
    return {str(name): value for name, value in given.items()}


def run(given: ConvexTarget, context: Context) -> dict[str, object]:
    """Bring the variables to what is wanted, and look again whether they are.

    Raises:
        ConvexError: The backend refuses, or does not keep what it was given.
        InputError: Standard input is not usable.
    """
    start = context.clock.now()
    wanted = wanted_in(context.secrets)
    with connect(given.docker, context) as client:
        key = admin_key(client, given.service, given.instance_name, context)
    with open_client(given.ca_certificate) as http:
        api = ConvexApi(http, given.url, key, context)
        needed = changes(api.environment(), wanted)
        if needed:
            context.say(f"convex-env: changing {', '.join(sorted(needed))}")
            api.update_environment(needed)
            left = changes(api.environment(), wanted)
            if left:
                raise ConvexError(
                    "Convex did not keep the variables it was given.",
                    why=f"still different: {', '.join(sorted(left))}",
                    state="Other variables were set.",
                    todo="Check that nobody else sets them, then run the update again.",
                )
    return {
        "set": sorted(name for name, value in needed.items() if value is not None),
        "deleted": sorted(name for name, value in needed.items() if value is None),
        "unchanged": len(wanted) - len(needed),
        "seconds": round(context.clock.now() - start, 1),
    }
