"""Values of a state: the engine wraps those that are secret."""

import json
from collections.abc import Iterator
from typing import Any

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""How Pulumi marks an object that is more than its members; of a secret that was shown, the value
is in `plaintext`, as JSON."""


def opened(value: Any) -> Any:  # noqa: ANN401 - any value of a state
    """Return a value of a state with its secrets as plain values; pure."""
    if isinstance(value, list):
        return [opened(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_secret(value):
        return opened(json.loads(value["plaintext"]))
    return {key: opened(item) for key, item in value.items()}


def secret_texts(value: Any, *, inside: bool = False) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield every text of a value of a state that is secret; pure.

    Args:
        value: as the state has it, secrets shown.
        inside: whether the whole value is a secret.
    """
    if isinstance(value, dict) and _is_secret(value):
        yield from secret_texts(json.loads(value["plaintext"]), inside=True)
    elif isinstance(value, dict):
        for item in value.values():
            yield from secret_texts(item, inside=inside)
    elif isinstance(value, list):
        for item in value:
            yield from secret_texts(item, inside=inside)
    elif inside and isinstance(value, str):
        yield value


def _is_secret(value: dict[str, Any]) -> bool:
    return _SIGNATURE in value and "plaintext" in value
