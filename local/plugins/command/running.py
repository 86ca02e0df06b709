"""Run a command of a program: its environment, its output, its failure."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provider.wire.errors import PluginError

if TYPE_CHECKING:
    from provider.wire.values import Bag

SHELL = ["/bin/sh", "-c"]

Log = Callable[[str], None]


@dataclass
class Output:
    """What a command wrote: apart, and in the order it came (for an error message)."""

    stdout: list[bytes] = field(default_factory=list)
    stderr: list[bytes] = field(default_factory=list)
    both: list[bytes] = field(default_factory=list)

    def result(self) -> Bag:
        """Return the outputs of the resource, each without its last line end."""
        return {
            "stdout": _text(self.stdout).removesuffix("\n"),
            "stderr": _text(self.stderr).removesuffix("\n"),
        }


class Runner:
    """Runs commands, and kills those still running when the engine cancels."""

    def __init__(self) -> None:
        """Start with nothing running."""
        self._running: set[subprocess.Popen[bytes]] = set()

    def run(self, command: str, inputs: Bag, earlier: Bag, log: Log) -> Bag:
        """Run a command and return its outputs.

        Args:
            command: what to run, the last argument of the interpreter.
            inputs: the other properties of the resource.
            earlier: the stdout and stderr of the run before, for its environment.
            log: called with every line that may be shown.

        Raises:
            PluginError: the command could not be started or did not end with 0.
        """
        argv = [*(inputs.get("interpreter") or SHELL), command]
        try:
            # The interpreter and the command are the program's own, as with the official plugin.
            process = subprocess.Popen(  # noqa: S603 - see above
                argv,
                cwd=inputs.get("dir"),
                env=_environment(inputs, earlier),
                stdin=subprocess.PIPE if inputs.get("stdin") else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise PluginError(f'{error}: running "{command}":\n') from error
        self._running.add(process)
        try:
            output = _collect(process, inputs, log)
        finally:
            self._running.discard(process)
        if process.returncode:
            status = _describe(process.returncode)
            raise PluginError(f'{status}: running "{command}":\n{_text(output.both)}')
        return output.result()

    def cancel(self) -> None:
        """Kill what is running."""
        for process in list(self._running):
            process.kill()


def _environment(inputs: Bag, earlier: Bag) -> dict[str, str]:
    environment = {**os.environ, **inputs.get("environment", {})}
    if inputs.get("addPreviousOutputInEnv", True):
        for stream in ("stdout", "stderr"):
            if earlier.get(stream):
                environment[f"PULUMI_COMMAND_{stream.upper()}"] = earlier[stream]
    return environment


def _collect(process: subprocess.Popen[bytes], inputs: Bag, log: Log) -> Output:
    output = Output()
    shown = inputs.get("logging", "stdoutAndStderr").lower()

    def read(name: str, into: list[bytes]) -> None:
        stream = process.stdout if name == "stdout" else process.stderr
        for line in stream or ():
            into.append(line)
            output.both.append(line)
            if name in shown:
                log(line.decode(errors="replace").rstrip("\n"))

    threads = [
        threading.Thread(target=read, args=("stdout", output.stdout)),
        threading.Thread(target=read, args=("stderr", output.stderr)),
    ]
    for thread in threads:
        thread.start()
    _feed(process, inputs.get("stdin"))
    for thread in threads:
        thread.join()
    process.wait()
    return output


def _feed(process: subprocess.Popen[bytes], text: str | None) -> None:
    if process.stdin is None or text is None:
        return
    try:
        process.stdin.write(text.encode())
        process.stdin.close()
    except BrokenPipeError:
        # A command may end without reading its input; its exit status decides.
        return


def _describe(returncode: int) -> str:
    if returncode < 0:
        return f"signal: {signal.strsignal(-returncode) or -returncode}".lower()
    return f"exit status {returncode}"


def _text(chunks: list[bytes]) -> str:
    return b"".join(chunks).decode(errors="replace")
