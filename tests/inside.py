"""What a command says inside a container, all of it."""

from docker.models.containers import Container

_LINGER = '"$@"; code=$?; sleep 0.1; exit $code'
"""Docker loses what a command says that ends before its stream is read (moby/moby#27289)."""


def execute(container: Container, *command: str) -> tuple[int, bytes]:
    """Run a command in a container that has a shell; return its exit code and its output."""
    code, output = container.exec_run(["sh", "-c", _LINGER, "sh", *command])
    assert isinstance(code, int)
    assert isinstance(output, bytes)
    return code, output


def tell(container: Container, *command: str) -> bytes:
    """Run a command that has to succeed; return what it said."""
    code, output = execute(container, *command)
    assert code == 0, output.decode(errors="replace")
    return output
