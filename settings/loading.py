"""From the raw configuration of a stack to its settings, or to all its mistakes."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from .checks import mistakes
from .errors import SettingsError, lines
from .estate import Estate
from .model import SALVAGE
from .schema import fields, paths

KEYS: tuple[str, ...] = tuple(fields(Estate))
"""The configuration keys to read, without `estate:`."""


def load(raw: Mapping[str, str | None], stack: str) -> Estate:
    """Read the settings of a stack.

    Args:
        raw: key without `estate:` → its JSON text, or None when the stack does not have it.
        stack: name of the stack; `local` and `prod` have rules of their own.

    Raises:
        SettingsError: names every mistake at once, with the key and never with the value.
    """
    found: list[str] = []
    data = {key: _read(text) for key, text in raw.items() if text is not None}
    try:
        estate = Estate.model_validate(data)
    except ValidationError as error:
        found += lines(error, Estate)
        estate = Estate.model_validate(data, context=SALVAGE)
    found += [f"estate:{key}: {message}" for key, message in mistakes(estate, stack)]
    if found:
        raise SettingsError(found)
    return estate


def known_keys() -> tuple[str, ...]:
    """Every key of the stack file, `*` for a name of one's own and `[]` for a list's items."""
    return tuple(
        path for key, kind in fields(Estate).items() for path in paths(kind, f"estate:{key}")
    )


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        # A plain text is a mistake that the types report; the decoder's error would show it.
        return text
