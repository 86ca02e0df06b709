"""The admin key of a Convex backend whose answer Docker may lose."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from steps.context import Context
from steps.convex import TRIES, admin_key
from steps.errors import ConvexError

if TYPE_CHECKING:
    from docker import DockerClient

KEY = "prod|0123456789abcdef"


def backend(*answers: tuple[int, bytes]) -> DockerClient:
    """A daemon with one running backend, which answers so, the last one from then on."""
    left = list(answers)

    def exec_run(_command: list[str]) -> tuple[int, bytes]:
        return left.pop(0) if len(left) > 1 else left[0]

    container = SimpleNamespace(attrs={"Created": "2026-11-29"}, exec_run=exec_run)
    containers = SimpleNamespace(list=lambda **_: [container])
    client: Any = SimpleNamespace(containers=containers)
    return client  # type: ignore[no-any-return]  # as much of one as is asked


def asked(client: DockerClient) -> str:
    return admin_key(client, "convex", "prod", Context(stderr=io.StringIO()))


def test_an_answer_that_was_lost_is_asked_for_again() -> None:
    assert asked(backend((0, b""), (0, b""), (0, f"{KEY}\n".encode()))) == KEY


def test_one_that_is_lost_each_time_is_an_error_in_the_end() -> None:
    with pytest.raises(ConvexError, match="No admin key"):
        asked(backend(*[(0, b"")] * (TRIES + 1)))


def test_a_program_that_fails_is_not_asked_again() -> None:
    with pytest.raises(ConvexError, match="ended with code 1"):
        asked(backend((1, b""), (0, f"{KEY}\n".encode())))
