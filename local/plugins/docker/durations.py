"""Durations as properties of a resource."""

from __future__ import annotations

from local.plugins.base.fields import Field, Kind
from swarm_spec import parse_duration


def duration(default: str | None = None) -> Field:
    """Describe a property that holds a duration."""

    def problem(value: str) -> str | None:
        try:
            parse_duration(value)
        except ValueError as error:
            return str(error)
        return None

    return Field(kind=Kind.TEXT, default=default, problem=problem)
