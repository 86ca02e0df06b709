"""What can go wrong while images are built: one class, whose text is for people."""

from __future__ import annotations


class BuildError(RuntimeError):
    """An image could not be made: what failed, why, and what to do."""
