"""Values of an input in which Pydantic wraps the secrets; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator


def revealed(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return plain values, for what needs the secrets themselves."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {name: revealed(item) for name, item in value.items()}
    return [revealed(item) for item in value] if isinstance(value, list | tuple) else value


def secrets_in(value: object) -> Iterator[str]:
    """Yield every secret, at any depth."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from secrets_in(item)
