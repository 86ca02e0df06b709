"""Calls of a resource's own work, with its secrets hidden in whatever they say."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from provider.wire.errors import PluginError
from steps.context import Context
from steps.errors import WIDTH, HostError, StepError
from steps.redact import Redactor
from steps.secret_values import revealed, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provider.entries import Bag
    from provider.resource import Before, Resource, Seen
    from steps.inputs import Reached


class CouldNotLookError(Exception):
    """What holds the entries cannot be asked now."""


def look(resource: Resource[Any], given: Reached, facts: Bag) -> Seen | None:
    """Look, and tell a host that is away from something on it that does not answer.

    Raises:
        CouldNotLookError: it does not answer.
        HostError: the host cannot be reached.
    """
    with _told(given) as context:
        try:
            return resource.look(given, facts, context)
        except HostError:
            raise
        except StepError as error:
            why = context.redactor.hide(f"{error.what} {error.why}")
            raise CouldNotLookError(" ".join(why.split())[:WIDTH]) from None


def bring(resource: Resource[Any], given: Reached, before: Before) -> Seen:
    """Bring the other side to what is declared."""
    with _told(given) as context:
        return resource.bring(given, before, context)


@contextmanager
def _told(given: Reached) -> Iterator[Context]:
    """Give a context that hides every secret of the inputs, and pass on what a failed step says.

    Raises:
        PluginError: the step failed.
    """
    values = given.model_dump()
    redactor = Redactor(secrets_in(values))
    secrets: dict[str, object] = {"registries": revealed(values["registries"])}
    try:
        yield Context(secrets=secrets, redactor=redactor, stderr=io.StringIO())
    except StepError as error:
        raise PluginError(redactor.hide(error.render())) from None
