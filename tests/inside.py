"""What a command says inside a container, all of it."""

import re
import time
import uuid

from docker.models.containers import Container

_LIMIT_S = 60
_RUN = 'said=$1; shift; "$@" >"$said" 2>&1; code=$?; '
_SHOW = 'cat "$said"; printf "\\n%s said" "$(wc -c <"$said")"; '
_WHOLE = re.compile(rb"\A(?P<said>.*)\n *(?P<size>\d+) said\Z", re.DOTALL)


def execute(container: Container, *command: str) -> tuple[int, bytes]:
    """Run a command in a container that has a shell; return its exit code and its output.

    Docker can lose what a command says that ends before its stream is read (moby/moby#27289). So
    it goes to a file, which is shown again until all of it has come.
    """
    file = f"/tmp/said-{uuid.uuid4().hex}"  # noqa: S108 - in the container
    script = f"{_RUN}{_SHOW}exit $code"
    code, shown = container.exec_run(["sh", "-c", script, "sh", file, *command])
    assert isinstance(code, int)
    until = time.monotonic() + _LIMIT_S
    while (said := _whole(shown)) is None:
        assert time.monotonic() < until, shown
        _, shown = container.exec_run(["sh", "-c", f"said=$1; {_SHOW}", "sh", file])
    return code, said


def tell(container: Container, *command: str) -> bytes:
    """Run a command that has to succeed; return what it said."""
    code, output = execute(container, *command)
    assert code == 0, output.decode(errors="replace")
    return output


def _whole(shown: object) -> bytes | None:
    found = _WHOLE.match(shown) if isinstance(shown, bytes) else None
    if found is None or len(found["said"]) != int(found["size"]):
        return None
    return found["said"]
