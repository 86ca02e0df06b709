"""How a value is refused in words: `needs a host name, for example tickets.example.com`."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Needs:
    """A validator and its message, kept together in the annotation of a type.

    Attributes:
        what: completes the sentence "needs …" and ends with a valid example.
        read: turns the raw value into the setting; None refuses it, and a ValueError refuses it
            with a message of its own, which must not contain the value.
    """

    what: str
    read: Callable[[object], object | None]

    def __call__(self, value: object) -> object:
        """Read one raw value.

        Raises:
            ValueError: the value is refused.
        """
        setting = self.read(value)
        if setting is None:
            raise ValueError(f"needs {self.what}")
        return setting

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Take the place of Pydantic's own validation of the annotated type."""
        return core_schema.no_info_plain_validator_function(self)


def text(
    what: str, accepts: str | Callable[[str], object], *, also: Callable[[str], bool] | None = None
) -> Needs:
    """Describe a text that stays as it is written.

    Args:
        what: completes "needs …".
        accepts: a regular expression for the whole text, or a function that raises ValueError or
            returns something false when it refuses.
        also: texts that are accepted although they do not match, such as placeholders.
    """
    matches = re.compile(accepts, re.ASCII).fullmatch if isinstance(accepts, str) else accepts

    def read(value: object) -> str | None:
        if not isinstance(value, str):
            return None
        if also is not None and also(value):
            return value
        return value if matches(value) else None

    return Needs(what, read)


def whole(what: str, lowest: int, highest: int) -> Needs:
    """Describe a whole number between two bounds, both included."""

    def read(value: object) -> int | None:
        fits = type(value) is int and lowest <= value <= highest
        return value if fits and isinstance(value, int) else None

    return Needs(what, read)
