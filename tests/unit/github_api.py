"""The part of GitHub's API that the drift check's issue needs; it checks what it is sent."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.answering import Answering, serving

REPOSITORY = "team/estate"
TOKEN = "canary-of-a-github-token"
_ISSUES = f"/repos/{REPOSITORY}/issues"
_KEYS: Mapping[str, type] = {
    "title": str,
    "body": str,
    "state": str,
    "state_reason": str,
    "labels": list,
}
Answer = tuple[HTTPStatus, Any]


@dataclass
class GitHub:
    """A running stand-in.

    Attributes:
        url: its base URL.
        issues: what it holds.
        requests: method and path of what came, without reads.
        comments: number of an issue and text.
        refuses: a status to answer everything with.
    """

    url: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    refuses: HTTPStatus | None = None

    def answer(self, method: str, target: str, token: str, body: Any) -> Answer:  # noqa: ANN401 - JSON
        """Return the status and the answer."""
        path = urlsplit(target).path
        if method != "GET":
            self.requests.append((method, path))
        if self.refuses is not None:
            return self.refuses, {"message": "refused"}
        if token != f"Bearer {TOKEN}":
            return HTTPStatus.UNAUTHORIZED, {"message": "Bad credentials"}
        if path == _ISSUES and method == "GET":
            return HTTPStatus.OK, self._list(parse_qs(urlsplit(target).query))
        if path == _ISSUES and method == "POST":
            return self._create(body)
        return self._one(method, path, body)

    def _one(self, method: str, path: str, body: Any) -> Answer:  # noqa: ANN401 - JSON
        number, _, below = path.removeprefix(f"{_ISSUES}/").partition("/")
        known = {str(one["number"]): one for one in self.issues}
        if number not in known:
            return HTTPStatus.NOT_FOUND, {"message": "Not Found"}
        if below == "comments" and method == "POST" and set(body) == {"body"}:
            self.comments.append((int(number), body["body"]))
            return HTTPStatus.CREATED, {"id": 1}
        if not below and method == "PATCH" and _is_valid(body, _KEYS):
            known[number].update(body)
            return HTTPStatus.OK, known[number]
        return HTTPStatus.UNPROCESSABLE_ENTITY, {"message": "Validation Failed"}

    def _list(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        states = {"open", "closed"} if query["state"] == ["all"] else set(query["state"])
        (label,), size, page = query["labels"], int(query["per_page"][0]), int(query["page"][0])
        fits = [one for one in self.issues if one["state"] in states and label in one["labels"]]
        newest_first = fits[::-1]
        return newest_first[(page - 1) * size : page * size]

    def _create(self, body: Any) -> Answer:  # noqa: ANN401 - JSON
        if not _is_valid(body, _KEYS) or not body.get("title"):
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"message": "Validation Failed"}
        self.issues.append({"number": len(self.issues) + 1, "state": "open", **body})
        return HTTPStatus.CREATED, self.issues[-1]


def _is_valid(body: Any, keys: Mapping[str, type]) -> bool:  # noqa: ANN401 - JSON
    return isinstance(body, dict) and all(
        key in keys and isinstance(value, keys[key]) for key, value in body.items()
    )


@contextmanager
def running() -> Iterator[GitHub]:
    """Serve on 127.0.0.1 until the block ends."""
    api = GitHub()

    class Handler(Answering):
        def _serve(self) -> None:
            sent = json.loads(self.sent() or "null")
            token = self.headers.get("Authorization", "")
            self.reply(*api.answer(self.command, self.path, token, sent))

        do_GET = do_POST = do_PATCH = _serve

    with serving(Handler) as port:
        api.url = f"http://127.0.0.1:{port}"
        yield api
