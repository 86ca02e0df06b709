"""What a person runs, on a stack of a test: the command itself, with the stack's own file."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from ops.workplace import ROOT
from tests.engine.stack import LIMIT_S, Stack, wait_until

_PROGRAM = """
import sys
from pathlib import Path
from ops import stacks
from ops.engine import Engine
file = Path(sys.argv[1])
stacks.made = stacks.there = lambda stack: Engine(stack, config_file=file)
from ops.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
"""`python -m ops`, but for where the stack file lies: a test's is not beside those of the team."""


@dataclass(frozen=True)
class Done:
    """What an operation said.

    Attributes:
        code: its exit code.
        out: what it printed as its result.
        error: what it said besides.
    """

    code: int
    out: str
    error: str


class Operations:
    """`python -m ops` on one stack, with nobody at the terminal.

    Attributes:
        said: everything that was ever said.
    """

    def __init__(self, stack: Stack) -> None:
        """Say nothing yet."""
        self.said: list[Done] = []
        self._stack = stack

    def run(self, operation: str, *options: str) -> Done:
        """Run one to its end; a failure is not raised."""
        done = subprocess.run(
            self._command(operation, *options),
            cwd=ROOT,
            env=self._stack.engine.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self.said.append(Done(done.returncode, done.stdout, done.stderr))
        return self.said[-1]

    def must(self, operation: str, *options: str) -> Done:
        """Run one that has to succeed."""
        done = self.run(operation, *options)
        assert done.code == 0, done.out + done.error
        return done

    @contextmanager
    def starting(self, operation: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Have one run beside the block, which it does not outlive."""
        with subprocess.Popen(
            self._command(operation, *options),
            cwd=ROOT,
            env=self._stack.engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _command(self, operation: str, *options: str) -> list[str]:
        file = str(self._stack.file)
        return [sys.executable, "-c", _PROGRAM, file, operation, self._stack.name, *options]


class Visitor:
    """Somebody who writes messages and sends files through the edge."""

    def __init__(self, stack: Stack) -> None:
        """Know the address of the stack's backend."""
        self._stack = stack
        self._domain = f"api.{stack.name}.localhost"

    def write(self, *texts: str) -> list[str]:
        """Have messages accepted; return them."""
        for text in texts:
            self._post("/api/messages", json={"text": text})
        return list(texts)

    def send(self, content: bytes) -> str:
        """Have a file accepted; return the name under which it can be had."""
        return str(self._post("/api/uploads", content=content).json()["name"])

    def fetch(self, name: str) -> bytes | None:
        """Return a file's content, or None when there is none of that name."""
        path = f"/api/uploads/{name}"
        wait_until(lambda: self._stack.get(self._domain, "/api/health").is_success, 180)
        answer = self._stack.get(self._domain, path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            assert answer.json() == {"error": "no such upload"}
            return None
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.content

    def _post(
        self, path: str, *, json: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        # The edge learns of a new task a moment after it serves.
        wait_until(lambda: self._stack.get(self._domain, "/api/health").is_success, 180)
        url = f"http://127.0.0.1:{self._stack.config['edge']['http_port']}{path}"
        headers = {"host": self._domain}
        answer = httpx.post(url, headers=headers, json=json, content=content, timeout=10)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return answer
