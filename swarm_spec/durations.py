"""Durations as Go writes them: "1m30s" in a program, nanoseconds in the Docker API."""

from __future__ import annotations

import re
from decimal import Decimal

MICRO = "\u00b5s"

UNITS = {
    "ns": 1,
    "us": 10**3,
    MICRO: 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|" + MICRO + r"|ms|s|m|h)")


def parse_duration(text: str | None) -> int:
    """Return nanoseconds; absent or empty is zero.

    Raises:
        ValueError: the text is no duration, or a negative one.
    """
    if text in {None, "", "0"}:
        return 0
    parts = PART.findall(text or "")
    if "".join(number + unit for number, unit in parts) != text:
        raise ValueError("is not a valid duration, for example 1m30s")
    return int(sum(Decimal(number) * UNITS[unit] for number, unit in parts))


def write_duration(nanoseconds: int) -> str:
    """Return the canonical text, without the zero parts at its end ("1m", not "1m0s")."""
    if nanoseconds == 0:
        return "0s"
    for unit, larger in (("ms", "s"), (MICRO, "ms"), ("ns", MICRO)):
        if UNITS[unit] <= nanoseconds < UNITS[larger]:
            return f"{_number(nanoseconds, UNITS[unit])}{unit}"
    hours, rest = divmod(nanoseconds, UNITS["h"])
    minutes, rest = divmod(rest, UNITS["m"])
    text = f"{hours}h" if hours else ""
    if minutes or (hours and rest):
        text += f"{minutes}m"
    if rest:
        text += f"{_number(rest, UNITS['s'])}s"
    return text


def _number(value: int, unit: int) -> str:
    text = f"{Decimal(value) / Decimal(unit):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
