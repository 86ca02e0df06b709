"""The question before something that cannot be taken back: only the name is a yes."""

import sys

from ops.errors import OpsError


def confirm(name: str, *, force: bool) -> None:
    """Have a person type a name at the terminal.

    Args:
        name: what is about to change.
        force: do not ask.

    Raises:
        OpsError: the person did not confirm, or could not be asked.
    """
    if force:
        return
    if not sys.stdin.isatty():
        raise OpsError(
            f"changing {name} needs a confirmation; nothing was changed",
            todo="answer at a terminal, or add FORCE=1",
        )
    sys.stdout.write("\n")
    if input(f"Type {name} to go on: ").strip() != name:
        raise OpsError("nothing was changed: the answer was another", todo="run it again to retry")
