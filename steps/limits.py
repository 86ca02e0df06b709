"""A time limit for calls that have none of their own."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, unless it takes longer than the limit.

    The Docker SDK reads an exec's output with no limit; a call that overruns stays behind in a
    daemon thread, which ends with the step.

    Raises:
        TimeoutError: The call did not end in time.
    """
    answers: queue.Queue[tuple[Result, None] | tuple[None, BaseException]] = queue.Queue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - carried over and raised by the caller
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = answers.get(timeout=seconds)
    except queue.Empty:
        message = f"no answer within {seconds:g} s"
        raise TimeoutError(message) from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None only beside an error
