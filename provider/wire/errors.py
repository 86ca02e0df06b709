"""Errors of a provider: their text reaches the person who runs the update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue


class PluginError(Exception):
    """An operation failed; the message says what and why and holds no secret."""


class GoneError(PluginError):
    """The thing that was asked for does not exist any more."""


class UnfinishedError(PluginError):
    """An update failed half-way: the engine records `state`, and that it is not finished."""

    def __init__(self, message: str, state: dict[str, Any]) -> None:
        """Take the reason, and the state that was wanted."""
        super().__init__(message)
        self.state = state
        self.resource_id = ""
        self.properties: dict[str, PropertyValue] = {}
