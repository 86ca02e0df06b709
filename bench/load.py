"""Constant load on one address, which counts every request that is lost, and when.

Half of the requests go over kept connections, half over new ones, and half of each are POST.
Nothing is retried. Usage, until the time is up or SIGTERM comes:
`.venv/bin/python -m bench.load URL [--rate 100 | --saturate 16] [--seconds 60]`; prints one line
of JSON. Moments are seconds of the machine's monotonic clock, the same in every process.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

LIMIT_S = 5.0
FAILED = 500
METHODS = ("GET", "POST")
PAUSE_S = 0.01
"""After a lost request at saturation: a dead server refuses faster than anybody would ask."""
FRESH_SHARE = 4
"""At saturation there is one worker with new connections for so many with kept ones."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is asked.

    Attributes:
        host: the name in the request.
        address: where it is sent.
        port: and on which port.
        path: of the page.
    """

    host: str
    address: str
    port: int
    path: str

    def request(self, method: str, *, keep: bool) -> bytes:
        """Return a whole request; pure."""
        body = "{}" if method == "POST" else ""
        head = [
            f"{method} {self.path} HTTP/1.1",
            f"Host: {self.host}",
            f"Connection: {'keep-alive' if keep else 'close'}",
            *([f"Content-Length: {len(body)}"] if body else []),
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def target(url: str) -> Target:
    """Return what a URL asks; names below `localhost` are this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    here = host == "localhost" or host.endswith(".localhost")
    return Target(
        host=parts.netloc,
        address="127.0.0.1" if here else host,
        port=parts.port or 80,
        path=parts.path or "/",
    )


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One lost request.

    Attributes:
        kind: `refused`, `reset`, `timeout` or the HTTP status; `stale` is a kept connection that
            the server closed before it was used again, which a browser would replace for a GET.
        at_s: when it was sent.
        method: GET or POST.
        kept: whether over a connection that had served before.
    """

    kind: str
    at_s: float
    method: str
    kept: bool


@dataclass
class Tally:
    """What came of the requests.

    Attributes:
        sent: how many there were.
        losses: those without a good answer.
        releases: release → seconds of its first and its last answer.
        slowest_s: the slowest good answer.
    """

    sent: int = 0
    losses: list[Loss] = field(default_factory=list)
    releases: dict[str, tuple[float, float]] = field(default_factory=dict)
    slowest_s: float = 0.0

    def answered(self, body: bytes, began: float) -> None:
        """Count a good answer."""
        now = time.monotonic()
        release = _release(body)
        first, _ = self.releases.get(release, (now, now))
        self.releases[release] = (first, now)
        self.slowest_s = max(self.slowest_s, now - began)

    def report(self) -> dict[str, object]:
        """Return everything for JSON."""
        kinds = Counter(loss.kind for loss in self.losses)
        stale = kinds.pop("stale", 0)
        return {
            "sent": self.sent,
            "lost": sum(kinds.values()),
            "stale": stale,
            "kinds": dict(sorted(kinds.items())),
            "slowest_s": round(self.slowest_s, 3),
            "releases": self.releases,
            "losses": [asdict(loss) for loss in self.losses],
        }


def _release(body: bytes) -> str:
    with suppress(ValueError):
        value = json.loads(body)
        if isinstance(value, dict):
            return str(value.get("release", ""))
    return ""


def _kind(error: OSError | asyncio.IncompleteReadError, *, kept: bool) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "refused"
        case asyncio.IncompleteReadError(partial=partial) if partial:
            return "reset"
    return "stale" if kept else "reset"


class Connection:
    """One connection, which says after each answer whether it can be used again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over an open connection."""
        self._reader, self._writer = reader, writer
        self.used = False

    @property
    def open(self) -> bool:
        """Whether the server has not closed it, as far as we know."""
        return not self._reader.at_eof() and not self._writer.is_closing()

    async def ask(self, request: bytes) -> tuple[int, bytes, bool]:
        """Return status, body and whether the connection stays; the body has a stated length."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = head.split("\r\n")
        given = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        body = await self._reader.readexactly(int(given.get("content-length", "0")))
        self.used = True
        return int(lines[0].split()[1]), body, given.get("connection") != "close"

    def close(self) -> None:
        """Close it without waiting."""
        self._writer.close()


class Load:
    """Sends requests until it is told to stop."""

    def __init__(self, at: Target) -> None:
        """Send to a target; nothing is sent yet."""
        self.tally = Tally()
        self.stopping = asyncio.Event()
        self._at = at
        self._idle: list[Connection] = []
        self._open: set[asyncio.Task[None]] = set()

    async def constant(self, rate: float) -> None:
        """Send so many requests each second, however slow the answers are."""
        began, number = time.monotonic(), 0
        while not self.stopping.is_set():
            wait = began + number / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._one(METHODS[number // 2 % 2], keep=number % 2 == 0))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            number += 1
        await asyncio.gather(*self._open)

    async def saturate(self, connections: int) -> None:
        """Send as fast as so many kept connections go, and some new ones beside them."""
        fresh = max(1, connections // FRESH_SHARE)
        workers = [self._worker(keep=number < connections) for number in range(connections + fresh)]
        await asyncio.gather(*workers)

    async def _worker(self, *, keep: bool) -> None:
        number = 0
        while not self.stopping.is_set():
            lost = len(self.tally.losses)
            await self._one(METHODS[number % 2], keep=keep)
            number += 1
            if len(self.tally.losses) > lost:
                await asyncio.sleep(PAUSE_S)

    async def _one(self, method: str, *, keep: bool) -> None:
        began = time.monotonic()
        self.tally.sent += 1
        connection = self._kept() if keep else None
        kept = connection is not None
        try:
            async with asyncio.timeout(LIMIT_S):
                if connection is None:
                    opened = await asyncio.open_connection(self._at.address, self._at.port)
                    connection = Connection(*opened)
                status, body, stays = await connection.ask(self._at.request(method, keep=keep))
        except (OSError, asyncio.IncompleteReadError) as error:
            kind: str | None = _kind(error, kept=kept)
            stays = False
        else:
            kind = str(status) if status >= FAILED else None
        if kind is None:
            self.tally.answered(body, began)
        else:
            self.tally.losses.append(Loss(kind=kind, at_s=began, method=method, kept=kept))
        if connection is not None and keep and stays:
            self._idle.append(connection)
        elif connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the kept connections."""
        for connection in self._idle:
            connection.close()

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
            connection.close()
        return None


async def run(at: Target, *, rate: float, saturate: int, seconds: float) -> Tally:
    """Send load until the time is up or a signal comes; return what came of it.

    Args:
        at: where to.
        rate: requests per second, when `saturate` is 0.
        saturate: kept connections that go as fast as they can.
        seconds: how long.
    """
    load = Load(at)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, load.stopping.set)
    timer = loop.call_later(seconds, load.stopping.set)
    await (load.saturate(saturate) if saturate else load.constant(rate))
    timer.cancel()
    load.close()
    return load.tally


def main() -> int:
    """Send, print one line of JSON; return 1 when a request was lost."""
    parser = argparse.ArgumentParser(prog="bench.load")
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second")
    parser.add_argument("--saturate", type=int, default=0, help="kept connections at full speed")
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    tally = asyncio.run(
        run(target(given.url), rate=given.rate, saturate=given.saturate, seconds=given.seconds)
    )
    print(json.dumps(tally.report()))
    return int(bool(tally.losses))


if __name__ == "__main__":
    sys.exit(main())
