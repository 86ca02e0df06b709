"""A service specification as the Docker API wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import swarm_spec
from provider.wire.errors import PluginError

if TYPE_CHECKING:
    from provider.wire.values import Bag


def service_spec(wanted: Bag) -> Bag:
    """Build the body of a create or an update.

    Raises:
        PluginError: the properties contradict each other.
    """
    try:
        return swarm_spec.service_spec(wanted)
    except ValueError as error:
        raise PluginError(str(error)) from error
