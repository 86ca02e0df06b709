"""A length of time, in the form that Docker and its provider settle on."""

import re
from dataclasses import dataclass
from typing import Self

_UNITS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


@dataclass(frozen=True, order=True)
class Duration:
    """A positive number of whole seconds."""

    seconds: int

    @property
    def go(self) -> str:
        """The provider's canonical form, such as `1m30s` or `2h`, without zeros at its end.

        It writes what it reads back in this form, so any other shows as a change for ever.
        """
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
        text = "".join(f"{number}{unit}" for number, unit in parts if number)
        return text if not (hours and seconds and not minutes) else f"{hours}h0m{seconds}s"

    @classmethod
    def read(cls, value: str) -> Self | None:
        """Read `90s`, `1m30s` or `2h`; None when the text is not a length of time above zero."""
        found = _UNITS.fullmatch(value)
        if found is None:
            return None
        hours, minutes, seconds = (int(number or 0) for number in found.groups())
        total = hours * 3600 + minutes * 60 + seconds
        return cls(total) if total else None
