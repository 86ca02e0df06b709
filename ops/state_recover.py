"""The way back from a broken or lost state: a copy of it, else what runs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from ops.adopt import take_in
from ops.confirm import confirm
from ops.engine import Engine
from ops.errors import OpsError
from ops.locks import release_dead_lock
from ops.stacks import stack_file
from ops.state import copies, keep, size


def recover(stack: str, source: Path | None, *, force: bool) -> int:
    """Give a stack a state again: a copy, else what runs; return the exit code.

    Args:
        stack: its name.
        source: the copy; None is the newest that can be read.
        force: do not ask.

    Raises:
        OpsError: the state is well, the copy is not, or nobody confirmed it.
    """
    stack_file(stack)
    return bring_back(Engine(stack), source, force=force)


def bring_back(engine: Engine, source: Path | None, *, force: bool) -> int:
    """Recover the state of an engine's stack; see `recover`.

    Raises:
        OpsError: see `recover`.
    """
    release_dead_lock(engine)
    there = _size_of(engine)
    if there and source is None:
        raise OpsError(
            f"the state of stack {engine.stack} can be read and has {there} resources",
            todo="nothing needs to be recovered; to go back to an older copy name it: FROM=file",
        )
    chosen = _checked(source) if source else next(_readable(engine.stack), None)
    said = "cannot be read or does not exist" if there is None else f"has {there} resources"
    told = "what runs" if chosen is None else f"{chosen} ({size(_text(chosen))} resources)"
    sys.stdout.write(f"the state of stack {engine.stack} {said}; it is made anew from {told}\n")
    confirm(engine.stack, force=force)
    if there:
        keep(engine)
    if chosen is None:
        _make_empty(engine, is_broken=there is None)
    else:
        engine.ask("stack", "select", "--create")
        engine.ask("stack", "import", stdin=_text(chosen))
    # What was made since the copy exists, and would be refused if it were made a second time.
    return take_in(engine, dry=False, force=force)


def _make_empty(engine: Engine, *, is_broken: bool) -> None:
    known = {one["name"] for one in json.loads(engine.run_bare("stack", "ls", "--json"))}
    if is_broken and engine.stack in known:
        engine.ask("stack", "rm", "--force", "--yes", "--preserve-config")
    engine.ask("stack", "select", "--create")


def _size_of(engine: Engine) -> int | None:
    """Return how many resources a state has; None when it cannot be read."""
    try:
        return size(engine.ask("stack", "export"))
    except (OpsError, ValueError):
        return None


def _readable(stack: str) -> Iterator[Path]:
    for file in reversed(copies(stack)):
        try:
            if size(_text(file)):
                yield file
        except (OSError, ValueError):
            sys.stderr.write(f"passed over, because it cannot be read: {file}\n")


def _checked(file: Path) -> Path:
    try:
        if size(_text(file)):
            return file
        why = "it has no resources"
    except (OSError, ValueError) as error:
        why = str(error)
    raise OpsError(f"{file} is no copy of a state: {why}", todo="name another: FROM=file")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
