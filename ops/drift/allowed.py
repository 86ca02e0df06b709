"""The allow list of a stack: what may be there although nobody declared it; pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


class Allowed:
    """Tells what the allow list has, as `kind:pattern` with the wild cards of a shell."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Take the patterns of the stack file."""
        self._patterns = tuple(one.split(":", 1) for one in patterns)

    def __call__(self, kind: str, name: str) -> bool:
        """Return whether something of this kind and name may be there."""
        return any(kind == of and fnmatchcase(name, like) for of, like in self._patterns)
