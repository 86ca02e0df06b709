"""estate:convex: the environment of a Convex deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from provider.resource import Before, Resource, Seen
from steps.inputs import ConvexEnvironment
from steps.secret_values import revealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steps.context import Context


class Environment(Resource[ConvexEnvironment]):
    """The variables of ours; what others set there is not looked at."""

    token = "estate:convex:Environment"  # noqa: S105 - a type
    entries, model = "variables", ConvexEnvironment
    counted = ("version",)

    def identity(self, given: ConvexEnvironment) -> str:
        """Return the name of the backend's service."""
        return given.service

    def look(
        self, given: ConvexEnvironment, facts: Mapping[str, Any], context: Context
    ) -> Seen | None:
        """Return our variables, those among them that should not be there included.

        Raises:
            StepError: the backend cannot be asked.
        """
        from steps import convex_env  # noqa: PLC0415 - previews pay for no client of Docker

        del facts
        return _seen(given, convex_env.look(given, context))

    def bring(self, given: ConvexEnvironment, before: Before, context: Context) -> Seen:
        """Set what differs, and remove what has no value any more.

        Raises:
            StepError: the backend refuses.
        """
        from steps import convex_env  # noqa: PLC0415 - as above

        unset: dict[str, str | None] = dict.fromkeys((*before.names, *given.absent))
        wanted = {**unset, **revealed(given.variables)}
        return _seen(given, convex_env.bring(given, wanted, context))


def _seen(given: ConvexEnvironment, current: Mapping[str, str]) -> Seen:
    ours = (*given.variables, *given.absent)
    return Seen(entries={name: SecretStr(current[name]) for name in ours if name in current})
