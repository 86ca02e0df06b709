"""How a job answers a step: JSON, compressed, in base64, in the last lines of its log.

A file of the Swarm has room for 500 KB and a line of a log for 16 KB.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

MARK = "ESTATE-ANSWER"
LINE = 12_000


def packed(value: object) -> str:
    """Return a JSON value as one word of ASCII."""
    text = json.dumps(value, sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(word: str) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON value of a word."""
    return json.loads(zlib.decompress(base64.b64decode(word)))


def lines(value: object) -> list[str]:
    """Return the lines of a log that carry a value."""
    word = packed(value)
    parts = [word[start : start + LINE] for start in range(0, len(word), LINE)]
    return [f"{MARK} {number}/{len(parts)} {part}" for number, part in enumerate(parts, 1)]


def answer_in(log: str) -> dict[str, Any] | None:
    """Return the answer that a job's log ends with, or None when it is not whole; pure."""
    parts: dict[str, str] = {}
    for line in log.splitlines():
        if line.startswith(f"{MARK} "):
            _, place, part = line.split(" ", 2)
            parts[place] = part
    count = len(parts)
    whole = [parts.get(f"{number}/{count}") for number in range(1, count + 1)]
    if not whole or None in whole:
        return None
    try:
        answer = unpacked("".join(one or "" for one in whole))
    except (ValueError, binascii.Error, zlib.error):
        return None
    return answer if isinstance(answer, dict) else None
