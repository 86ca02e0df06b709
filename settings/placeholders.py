"""Which settings of an estate still have a placeholder where the real value belongs."""

from collections.abc import Iterator

from pydantic import SecretStr

from .estate import Estate
from .model import Model
from .placeholder import is_placeholder
from .schema import Step, written


def placeholders(estate: Estate) -> list[str]:
    """The full keys that hold a placeholder: enough for a preview, never for an update."""
    return [written(way) for way, value in _texts(estate, ()) if is_placeholder(value)]


def _texts(value: object, way: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, SecretStr):
        yield way, value.get_secret_value()
    elif isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield from _texts(getattr(value, name), (*way, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*way, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts(item, (*way, index))
