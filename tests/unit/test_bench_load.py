"""The load generator counts every lost request by its kind, and loses none itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench import load
from bench.load import Tally, run, target

Answer = Callable[[int], Awaitable[bytes | None]]
"""Number of a request on its connection → what is sent back; None closes the connection."""

GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"release":"a"}'


def asked(answer: Answer, *, rate: float = 100.0, saturate: int = 0) -> Tally:
    """Send load to a server of this process for half a second."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2 if head.startswith(b"POST") else 0)
                said = await answer(number)
                number += 1
                if said is None:
                    break
                writer.write(said)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the load has closed it, as it may
        finally:
            writer.close()

    async def both() -> Tally:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            at = target(f"http://app.localhost:{port}/api/health")
            tally = await run(at, rate=rate, saturate=saturate, seconds=0.5)
            await asyncio.sleep(0.1)  # the server's side of each connection ends, too
            return tally

    return asyncio.run(both())


async def good(_number: int) -> bytes | None:
    return GOOD


def kinds(tally: Tally) -> set[str]:
    return {loss.kind for loss in tally.losses}


@pytest.mark.parametrize("saturate", [0, 16])
def test_a_server_that_answers_loses_nothing(saturate: int) -> None:
    tally = asked(good, saturate=saturate)
    assert tally.losses == []
    assert tally.sent >= 40
    assert set(tally.releases) == {"a"}


def test_a_port_where_nobody_listens_refuses() -> None:
    at = target("http://app.localhost:1/")
    tally = asyncio.run(run(at, rate=100, saturate=0, seconds=0.2))
    assert kinds(tally) == {"refused"}
    assert len(tally.losses) == tally.sent


def test_a_server_error_is_lost_under_its_status() -> None:
    async def bad_gateway(_number: int) -> bytes | None:
        return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

    tally = asked(bad_gateway)
    assert kinds(tally) == {"502"}
    assert len(tally.losses) == tally.sent


def test_a_connection_that_ends_instead_of_an_answer_is_reset() -> None:
    async def nothing(_number: int) -> bytes | None:
        return None

    assert kinds(asked(nothing)) == {"reset"}


def test_a_kept_connection_that_was_closed_meanwhile_is_told_apart() -> None:
    async def once(number: int) -> bytes | None:
        return GOOD if number == 0 else None

    tally = asked(once)
    assert kinds(tally) == {"stale"}
    assert all(loss.kept for loss in tally.losses)
    report = tally.report()
    assert (report["lost"], report["stale"]) == (0, len(tally.losses))


def test_silence_is_lost_after_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LIMIT_S", 0.1)

    async def silent(_number: int) -> bytes | None:
        await asyncio.sleep(1)
        return None

    assert kinds(asked(silent)) == {"timeout"}
