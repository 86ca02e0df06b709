"""The Pulumi command, run in the project with the stack and stack file that are meant."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ops.errors import OpsError
from ops.workplace import ROOT, engine_environment

_QUICK_S = 120
_READ_STACK_FILE = ("config", "destroy", "preview", "refresh", "up")


@dataclass(frozen=True)
class Engine:
    """The engine on one stack.

    Attributes:
        stack: its name.
        config_file: another stack file than the project's own.
        environment: for the engine and all it starts.
    """

    stack: str
    config_file: Path | None = None
    environment: dict[str, str] = field(default_factory=engine_environment)

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        chosen = ["--stack", self.stack, "--non-interactive", "--color", "auto"]
        if self.config_file is not None and arguments[0] in _READ_STACK_FILE:
            chosen += ["--config-file", str(self.config_file)]
        return ["pulumi", *arguments, *chosen]

    def run_bare(self, *arguments: str) -> str:
        """Run a command that takes no stack of its own; return standard output.

        Raises:
            OpsError: it failed.
        """
        return self._run(["pulumi", *arguments], "", _QUICK_S)

    def show(self, *arguments: str) -> int:
        """Run in front of the person, without a time limit of our own; return the exit code."""
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            self.command(*arguments), cwd=ROOT, env=self.environment, check=False
        )
        return done.returncode

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = _QUICK_S) -> str:
        """Run quietly and return standard output.

        Args:
            arguments: after `pulumi`.
            stdin: what the command reads; secrets go here and never into arguments.
            limit_s: seconds after which it is given up.

        Raises:
            OpsError: the command failed or took too long.
        """
        return self._run(self.command(*arguments), stdin, limit_s)

    def _run(self, command: list[str], stdin: str, limit_s: int) -> str:
        what = " ".join(command[:3])
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, no shell
                command,
                cwd=ROOT,
                env=self.environment,
                input=stdin,
                text=True,
                capture_output=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OpsError(
                f"{what} took longer than {limit_s} s",
                todo="see whether the state's backend answers, then try again",
            ) from None
        if done.returncode:
            raise OpsError(
                f"{what} failed: {(done.stderr.strip() or done.stdout.strip())[-600:]}",
                todo="correct the cause named above, then try again",
            )
        return done.stdout
