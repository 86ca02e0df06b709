"""Five-field cron expressions: whether a text is one."""

import re

# Minute, hour, day of month, month, day of week (0 and 7 are Sunday).
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"\*(?:/[1-9]\d?)?|(\d{1,2})(?:-(\d{1,2})(?:/[1-9]\d?)?)?", re.ASCII)


def reads_as_cron(value: str) -> bool:
    """Tell whether a text is a cron expression of numbers, `*`, lists, ranges and steps."""
    fields = value.split(" ")
    return len(fields) == len(_BOUNDS) and all(
        _fits(part, *bounds)
        for field, bounds in zip(fields, _BOUNDS, strict=True)
        for part in field.split(",")
    )


def _fits(part: str, lowest: int, highest: int) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    first = int(found[1] or lowest)
    last = int(found[2]) if found[2] else first
    return lowest <= first <= last <= highest
