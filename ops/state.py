"""Copies of a stack's state, taken before something changes it.

A copy is the engine's own export: secrets in it are encrypted with the stack's passphrase, as they
are in the state itself.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.engine import Engine
from ops.errors import OpsError
from ops.workplace import PRIVATE

KEPT = 30
"""Copies of one stack that stay."""


def folder(stack: str) -> Path:
    """Return where the copies of a stack are."""
    return PRIVATE / "backups/state" / stack


def keep(engine: Engine) -> Path | None:
    """Copy the state before something changes it; return the new file.

    Nothing is copied of a stack that has nothing, or nothing new since the last copy.

    Raises:
        OpsError: the state cannot be read.
    """
    try:
        state = engine.ask("stack", "export")
        resources = size(state)
    except (OpsError, ValueError) as error:
        raise OpsError(
            f"the state of stack {engine.stack} cannot be read, so nothing was changed:\n{error}",
            todo=f"make state-recover STACK={engine.stack}",
        ) from None
    place = folder(engine.stack)
    earlier = copies(engine.stack)
    if not resources or (earlier and earlier[-1].read_text(encoding="utf-8") == state):
        return None
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%fZ}.json"
    half = file.with_suffix(".new")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(state)
        output.flush()
        os.fsync(output.fileno())
    half.replace(file)
    for old in [*earlier, file][:-KEPT]:
        old.unlink(missing_ok=True)
    return file


def copies(stack: str) -> list[Path]:
    """Return the copies of a stack's state, oldest first."""
    return sorted(folder(stack).glob("*.json"))


def size(state: str) -> int:
    """Return how many resources an exported state has.

    Raises:
        ValueError: it is none.
    """
    try:
        found: list[Any] = json.loads(state)["deployment"].get("resources") or []
    except (KeyError, TypeError, AttributeError):
        raise ValueError("it is no exported state") from None
    return len(found)
