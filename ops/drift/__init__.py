"""Compares reality with a stack. Nothing is written, neither to a host nor to the state."""

import sys

from ops.drift.finding import Drift, Look, Severity, Unknown
from ops.drift.looking import certain, look
from ops.drift.report import EXIT_DRIFT, EXIT_UNKNOWN, as_json, as_text, exit_code
from ops.engine import Engine
from ops.stacks import there

__all__ = ["EXIT_DRIFT", "EXIT_UNKNOWN", "Drift", "Look", "Severity", "Unknown", "certain", "look"]


def drift(stack: str, *, json: bool = False, announce: bool = False) -> int:
    """Print what differs; return 0 for nothing, 7 for drift, 3 when something is unknown.

    Args:
        stack: its name.
        json: print JSON instead of a table.
        announce: keep the stack's issue, and tell who is to be told.

    Raises:
        OpsError: the stack was never brought up, or its state or file could not be read.
    """
    return tell(there(stack), json=json, announce=announce)


def tell(engine: Engine, *, json: bool = False, announce: bool = False) -> int:
    """Print what differs from the engine's stack; return the exit code as `drift` does."""
    seen = look(engine)
    written = as_json(seen, engine.stack) + "\n" if json else as_text(seen, engine.stack)
    sys.stdout.write(written)
    if announce:
        from ops.drift.announcing import announce_look  # noqa: PLC0415 - loads what it alone needs

        announce_look(engine, seen)
    return exit_code(seen)
