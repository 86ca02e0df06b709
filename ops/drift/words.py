"""How values are shown: durations and sizes as people write them, secrets never; pure."""

import json
import re

from ops.drift.fields import Members
from steps.redact import MASK
from swarm_spec import write_duration

NOTHING = "nothing"
_DURATIONS = {
    *("stopGracePeriod", "interval", "timeout", "startPeriod", "startInterval"),
    *("delay", "window", "monitor"),
}
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|pass(word|wd|phrase)|secret|token|api_?key|private_?key|credential"
    r"|auth$|basicauth|dsn$|_key$",
    re.IGNORECASE,
)
_OF_A_PERSON = re.compile(r"\.env[.\[]|(^|\.)labels[.\[]")
"""Fields whose names people choose."""
_LOGIN_IN_URL = re.compile(r"(\w[\w+.-]*://)[^/@\s]*:[^/@\s]+@")
_GIVEN_IN_TEXT = re.compile(
    r"((?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key)[\w.-]*[=\s:]+)(?=\S)[^\s\"',]+",
    re.IGNORECASE,
)
_SIZE_NAMES = {"memoryBytes", "sizeBytes", "swapBytes"}
_UNITS = (("G", 2**30), ("M", 2**20), ("K", 2**10))


def shown(path: str, value: object) -> str:
    """Return a value as text.

    What is in the stack's secrets is masked later, by its value. Here goes what may be a secret
    that the stack does not know, because a person has typed it: by the name of its field, and by
    what looks like a login inside a text.

    Args:
        path: of the field; it decides the unit, and whether the value may be shown.
        value: as the Docker API has it; None is nothing.
    """
    if value is None or (not value and isinstance(value, str) and not _OF_A_PERSON.search(path)):
        return NOTHING
    name = last_name(path)
    if _is_secret(path, name):
        return MASK
    if name in _DURATIONS and isinstance(value, int):
        return write_duration(value)
    if name in _SIZE_NAMES and isinstance(value, int):
        return _size(value)
    text = json.dumps(_without_nothing(value), ensure_ascii=False, sort_keys=True)
    return _GIVEN_IN_TEXT.sub(rf"\1{MASK}", _LOGIN_IN_URL.sub(rf"\1{MASK}@", text))


def last_name(path: str) -> str:
    """Return the last part of a path such as `a.b` or `a["b.c"]`."""
    if path.endswith('"]'):
        return path.rpartition('["')[2].removesuffix('"]')
    return path.rpartition(".")[2]


def _is_secret(path: str, name: str) -> bool:
    """Whether a variable or label is called like a secret; a mounted file shows only its name."""
    return _OF_A_PERSON.search(path) is not None and _SECRET_NAME.search(name) is not None


def _size(value: int) -> str:
    for unit, factor in _UNITS:
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return str(value)


def _without_nothing(value: object) -> object:
    if isinstance(value, Members):
        return list(value.values())
    if isinstance(value, dict):
        kept = {name: _without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {}, False)}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
