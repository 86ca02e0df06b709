"""Brings a stack to what its file says."""

import sys
from concurrent.futures import ThreadPoolExecutor

from ops import local_stack
from ops.engine import Engine
from ops.locks import release_dead_lock
from ops.policies import refuse
from ops.preview.looking import look
from ops.recovery import finish_interrupted
from ops.repair import notice_drift
from ops.stacks import made, urls_of
from ops.state import keep
from ops.unfinished import close_idle, take_back_unfinished


def up(stack: str) -> int:
    """Bring a stack up and print where it answers; return the engine's exit code."""
    if stack == local_stack.STACK:
        local_stack.build_images()
        local_stack.write(Engine(stack))
    code = bring_up(engine := made(stack))
    if code == 0:
        lines = [f"  {name:<14} {url}" for name, url in sorted(urls_of(engine).items())]
        sys.stdout.write("\n".join(["", "it answers at:", *lines, ""]))
    return code


def bring_up(engine: Engine) -> int:
    """Bring a stack to what its file says, whatever happened to it; return the exit code.

    What a killed engine left is put right first, and what was changed by hand is noticed. Meanwhile
    the rules of policy/ are applied to a preview: an update would stop at the first one that is
    broken, with everything before it done.
    """
    with ThreadPoolExecutor(1) as beside:
        checking = beside.submit(look, engine, quiet=True)
        prepare(engine)
        refuse(checking.result(), engine.stack)
    return apply(engine)


def prepare(engine: Engine) -> None:
    """Put right what a killed process left, and notice what was changed by hand.

    A copy of the state as it is comes first.
    """
    release_dead_lock(engine)
    keep(engine)
    if finish_interrupted(engine):
        take_back_unfinished(engine)
        for one in notice_drift(engine):
            sys.stderr.write(f"changed by hand, to be put back: {one.resource} {one.field}\n")


def apply(engine: Engine) -> int:
    """Have the engine bring the stack to what its file says; return its exit code."""
    code = engine.show("up", "--yes", "--skip-preview", "--suppress-outputs")
    if code == 0:
        close_idle(engine)
    return code
