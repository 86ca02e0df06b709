"""Users under way: they ask and write through the edge all the time, and note what came of it."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise

import httpx

from tests.engine.stack import ask_again

QUESTIONS_PER_S = 20
PATIENCE_S = 5
_AT_ONCE = 150
"""Requests that may hang at a time: all of those of the patience, and the messages."""


@dataclass
class Traffic:
    """What users have asked, written and been answered.

    Attributes:
        started: when they began, in seconds of the clock.
        ended: when they stopped.
        asked: requests so far.
        answers: what was answered → how often: a build's name, or a status and its text.
        good: when good answers came, in seconds of the clock.
        lost: what became of the requests that were not answered well in time.
        written: id → text of each message whose 201 has come.
    """

    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    asked: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    written: dict[int, str] = field(default_factory=dict)

    @property
    def away_s(self) -> float:
        """Longest time without a good answer, in seconds."""
        times = sorted([self.started, *self.good, self.ended or self.started])
        return round(max((later - one for one, later in pairwise(times)), default=0.0), 1)


class Users:
    """They ask 20 times a second how the backend is, and write it a message each second."""

    def __init__(self, url: str, domain: str) -> None:
        """Nobody asks yet.

        Args:
            url: of the edge.
            domain: the backend's public name.
        """
        limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=20)
        self._http = httpx.Client(
            base_url=url,
            headers={"host": domain},
            timeout=PATIENCE_S,
            limits=limits,
            # They click a warning away: what a certificate costs is not what a release costs.
            verify=False,  # noqa: S501
        )
        self._numbers = count()
        self._ended = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, label: str) -> Iterator[Traffic]:
        """Ask while the block runs, and until what is under way then has been answered.

        Args:
            label: beginning of what is written; never used before.
        """
        seen = Traffic()
        self._ended.clear()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            clock = threading.Thread(target=self._keep_asking, args=(pool, seen, label))
            clock.start()
            try:
                yield seen
            finally:
                self._ended.set()
                clock.join()
                seen.ended = time.monotonic()

    def get(self, path: str) -> httpx.Response:
        """Ask once; what the edge alone answers is asked again for up to 15 s."""
        return ask_again(lambda: self._http.get(path))

    def close(self) -> None:
        """End every connection."""
        self._http.close()

    def _keep_asking(self, pool: ThreadPoolExecutor, seen: Traffic, label: str) -> None:
        due = time.monotonic()
        for number in count():
            pool.submit(self._question, seen)
            if number % QUESTIONS_PER_S == 0:
                pool.submit(self._message, seen, f"{label}-{next(self._numbers)}")
            due += 1 / QUESTIONS_PER_S
            if self._ended.wait(max(0.0, due - time.monotonic())):
                return

    def _question(self, seen: Traffic) -> None:
        self._send(seen, self._http.build_request("GET", "/api/health"))

    def _message(self, seen: Traffic, text: str) -> None:
        request = self._http.build_request("POST", "/api/messages", json={"text": text})
        answer = self._send(seen, request)
        if answer is not None and answer.status_code == httpx.codes.CREATED:
            seen.written[int(answer.json()["id"])] = text

    def _send(self, seen: Traffic, request: httpx.Request) -> httpx.Response | None:
        begun, answer = time.monotonic(), None
        try:
            answer = self._http.send(request)
            said = _words(answer)
        except httpx.HTTPError as error:
            said = type(error).__name__
        ended = time.monotonic()
        well = answer is not None and answer.is_success and ended - begun < PATIENCE_S
        with self._lock:
            seen.asked += 1
            seen.answers[said] += 1
            if well:
                seen.good.append(ended)
            else:
                seen.lost.append(f"{ended - seen.started:.1f} s: {said}")
        return answer


def _words(answer: httpx.Response) -> str:
    """Return who answered, or what."""
    if answer.is_success and answer.request.method == "GET":
        return str(answer.json()["build"])
    return f"{answer.status_code} {answer.text.strip()[:80]}" if answer.is_error else "written"
