"""One GitHub issue for each stack: opened, kept up to date and closed by the drift check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ops.drift.news import CLEAN, Known, News, issue_body, read_mark
from ops.errors import OpsError

LABEL = "drift"
_API_URL = "https://api.github.com"
_LIMIT_S = 20.0
_PAGE = 100
_TODO = "see that the token may write issues of the repository, then announce again"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The issue of a stack, as it is now.

    Attributes:
        number: of the issue.
        is_open: whether it is.
        known: what it shows.
    """

    number: int
    is_open: bool
    known: Known


class Issues:
    """The issues of one repository, through GitHub's API."""

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        """Take the API's base URL, `owner/name` and a token that may write issues."""
        self._url = f"{api_url.rstrip('/')}/repos/{repository}/issues"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Issues | None":
        """Return the repository that GITHUB_REPOSITORY names, None without it or a token.

        Args:
            environment: also GITHUB_TOKEN, and GITHUB_API_URL for another server.
        """
        repository, token = (environment.get(f"GITHUB_{one}") for one in ("REPOSITORY", "TOKEN"))
        if not repository or not token:
            return None
        return cls(environment.get("GITHUB_API_URL") or _API_URL, repository, token)

    def find(self, stack: str) -> Found | None:
        """Return the stack's issue: the open one, else the last that was closed.

        Raises:
            OpsError: GitHub does not answer, or refuses.
        """
        query = {"labels": LABEL, "state": "all", "per_page": str(_PAGE)}
        found = []
        page = 1
        while True:
            listed = self._ask("GET", "", query={**query, "page": str(page)})
            for one in listed:
                known = read_mark(str(one.get("body") or ""), stack)
                if known and "pull_request" not in one:
                    is_open = one["state"] == "open"
                    found.append(Found(number=one["number"], is_open=is_open, known=known))
            if len(listed) < _PAGE:
                break
            page += 1
        return max(found, key=lambda one: (one.is_open, one.number), default=None)

    def keep(self, found: Found | None, news: News, told: str) -> None:
        """Have the stack's issue say what a look found; nothing is sent when it does already.

        Args:
            found: the issue as it is now.
            news: the look.
            told: mark of what people were told.

        Raises:
            OpsError: GitHub does not answer, or refuses.
        """
        body = issue_body(news, told)
        if found is None:
            if not news.is_clean:
                self._ask("POST", "", {"title": news.title, "body": body, "labels": [LABEL]})
            return
        state = "closed" if news.is_clean else "open"
        now = Known(seen=news.mark, told=told)
        if found.known == now and found.is_open == (state == "open"):
            return
        change = {"title": news.title, "body": body, "state": state}
        if found.known.seen != news.mark:
            # A changed body notifies nobody; a comment does.
            said = "No drift any more." if news.is_clean else f"Now {news.title}."
            self._ask("POST", f"/{found.number}/comments", {"body": said})
        if news.is_clean:
            change |= {"title": f"{news.stack}: drift (gone)", "state_reason": "completed"}
        self._ask("PATCH", f"/{found.number}", change)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON of any shape
        try:
            answer = httpx.request(
                method,
                self._url + path,
                headers=self._headers,
                params=query,
                json=body,
                timeout=_LIMIT_S,
            )
        except httpx.HTTPError as error:
            raise OpsError(
                f"the issue of the drift check could not be kept: {type(error).__name__}: {error}",
                todo=_TODO,
            ) from None
        if not answer.is_success:
            said = " ".join(answer.text.split())[:200]
            raise OpsError(
                f"the issue of the drift check could not be kept: {method} {self._url}{path}: "
                f"HTTP {answer.status_code} {said}",
                todo=_TODO,
            )
        return answer.json()


def known_of(found: Found | None) -> Known:
    """Return what an issue says was announced; nothing when there is none."""
    return Known(seen=CLEAN, told=CLEAN) if found is None else found.known
