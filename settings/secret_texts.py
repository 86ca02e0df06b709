"""The secrets of any part of the stack file, to be taken out of what is shown."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, SecretStr


def secret_texts(part: object) -> Iterator[str]:
    """Yield every secret of a part of the settings in clear, at any depth."""
    if isinstance(part, SecretStr):
        yield part.get_secret_value()
    elif isinstance(part, BaseModel):
        for _, value in part:
            yield from secret_texts(value)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from secret_texts(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from secret_texts(value)
