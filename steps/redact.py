"""Takes secret values out of everything a step prints."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"

MIN_LENGTH = 6
"""Shorter values (`8`, `true`) are no secrets, and masking them would garble every text."""


class Redactor:
    """Knows the secrets of this run and replaces them, in each form they may take.

    Forms: as given, percent-encoded, base64 (also inside a longer text), hexadecimal,
    JSON-escaped and as a Python or shell literal. Of a secret with several lines, each line
    and each `NAME=value` of an environment file counts as a secret too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Start with the given secrets."""
        self._forms: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide one more value from now on, for example a key that was just generated."""
        forms = {form for part in _parts(secret) for form in _forms(part)}
        known = {*self._forms, *forms}
        # The longest first, so that a part never uncovers the rest of the whole.
        self._forms = sorted(known, key=lambda form: (-len(form), form))

    def hide(self, text: str) -> str:
        """Return the text with every secret replaced by `***`."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def hide_in(self, value: object) -> object:
        """Return a JSON-like value with every secret in its texts replaced."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {self.hide(str(key)): self.hide_in(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_in(item) for item in value]
        return value


def texts_in(value: object) -> Iterator[str]:
    """Yield every text of a JSON value, at any depth; names of members are not secret."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _parts(secret: str) -> Iterator[str]:
    """Yield a secret and, when it has several lines, each line and each value in it."""
    yield secret
    lines = secret.splitlines()
    if len(lines) < 2 and not secret.endswith("\n"):  # noqa: PLR2004 - two lines are several
        return
    for line in lines:
        yield line.strip()
        _name, equals, value = line.partition("=")
        if equals:
            yield value.strip().strip("\"'")


def _forms(secret: str) -> Iterator[str]:
    """Yield the texts under which one secret may show up."""
    if len(secret) < MIN_LENGTH:
        return
    raw = secret.encode()
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (raw.hex(), raw.hex().upper())
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], secret.replace("'", "'\\''"))
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield the base64 of a value alone, and its steady middle at each offset in a longer text."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(raw).decode()
        yield alone
        yield alone.rstrip("=")
        for offset in range(3):
            # The first and last characters mix with the neighbours; what lies between is fixed.
            first = -(-offset * 4 // 3)
            whole = (offset + len(raw)) // 3 * 4
            middle = encode(b"\0" * offset + raw)[first:whole].decode()
            if len(middle) >= MIN_LENGTH:
                yield middle
