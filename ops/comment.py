"""One comment for each pull request and stack, found again by its first line and kept current."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from ops.errors import OpsError
from ops.preview.shown import MARK

_NOT_WRITTEN = "the comment could not be written: the forge"
_AGAIN = "run it again; the report itself is in the output of `ops preview`"
_PAGE = 100
_PAGES = 20
_TRIES = 3
_WAIT = {"multiplier": 0.5, "max": 5.0}
"""Seconds between two tries."""
_LIMIT_S = 20.0
_FORBIDDEN = frozenset({401, 403, 404})
"""A token that may only read, as of a pull request from a fork, gets one of these."""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """Where pull requests are.

    Attributes:
        api: base address of the API.
        repository: `owner/name`.
        token: may write comments; never shown.
    """

    api: str
    repository: str
    token: str


def forge_of(environment: Mapping[str, str]) -> Forge | None:
    """Return the forge that the variables of a workflow name; None without a token; pure.

    Raises:
        OpsError: there is a token and no repository.
    """
    token = environment.get("GITHUB_TOKEN", "")
    if not token:
        return None
    repository = environment.get("GITHUB_REPOSITORY", "")
    if repository.count("/") != 1:
        raise OpsError(
            "GITHUB_REPOSITORY does not name a repository",
            todo="set it to owner/name; a workflow of GitHub has it by itself",
        )
    api = environment.get("GITHUB_API_URL") or "https://api.github.com"
    return Forge(api=api.rstrip("/"), repository=repository, token=token)


def comment(stack: str, pull: int, body: str) -> int:
    """Write a report below a pull request, or where it needs no leave to write; return 0.

    Args:
        stack: which report it is: each stack has a comment of its own.
        pull: number of the pull request.
        body: Markdown of `ops preview --markdown`.

    Raises:
        OpsError: the report is of another stack, or the forge did not answer.
    """
    mark = MARK.format(stack=stack)
    if not body.startswith(mark):
        raise OpsError(
            f"this is no report of stack {stack}",
            todo=f"give it what `python -m ops preview {stack} --markdown` has printed",
        )
    forge = forge_of(os.environ)
    if forge is None:
        return _instead(body, "there is no GITHUB_TOKEN")
    try:
        url = write(forge, pull, mark, body)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status in _FORBIDDEN:
            return _instead(body, f"the token may not write comments (HTTP {status})")
        raise OpsError(f"{_NOT_WRITTEN} answered HTTP {status}", todo=_AGAIN) from None
    except httpx.HTTPError as error:
        kind = type(error).__name__
        raise OpsError(f"{_NOT_WRITTEN} could not be asked: {kind}", todo=_AGAIN) from None
    sys.stderr.write(f"commented: {url}\n")
    return 0


def write(forge: Forge, pull: int, mark: str, body: str) -> str:
    """Update the comment that begins with a mark, or make it; return its address.

    Raises:
        HTTPError: the forge refused or did not answer, after some tries.
    """
    attempts = Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential(**_WAIT),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    # As a whole: after an answer that was lost the comment may be there already.
    return attempts(_write_once, forge, pull, mark, body)


def _write_once(forge: Forge, pull: int, mark: str, body: str) -> str:
    headers = {
        "Authorization": f"Bearer {forge.token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    base = f"{forge.api}/repos/{forge.repository}/issues"
    with httpx.Client(headers=headers, timeout=_LIMIT_S) as client:
        here = next((one for one in _comments(client, base, pull) if _is_ours(one, mark)), None)
        if here is None:
            answer = client.post(f"{base}/{pull}/comments", json={"body": body})
        else:
            answer = client.patch(f"{base}/comments/{here['id']}", json={"body": body})
        answer.raise_for_status()
        return str(answer.json().get("html_url", ""))


def _comments(client: httpx.Client, base: str, pull: int) -> Iterator[Mapping[str, object]]:
    for page in range(1, _PAGES + 1):
        asked = {"per_page": _PAGE, "page": page}
        answer = client.get(f"{base}/{pull}/comments", params=asked)
        answer.raise_for_status()
        found = answer.json()
        yield from found
        if len(found) < _PAGE:
            return


def _is_ours(one: Mapping[str, object], mark: str) -> bool:
    """Whether a program wrote it: a person who quotes the mark keeps what they wrote."""
    user = one.get("user")
    by_program = isinstance(user, Mapping) and user.get("type") == "Bot"
    return by_program and str(one.get("body", "")).startswith(mark)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError)


def _instead(body: str, why: str) -> int:
    """Leave the report in the summary of the workflow's run, which needs no leave."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(body)
    where = "it is in the summary of this run" if summary else "it follows"
    sys.stderr.write(f"no comment was written: {why}; {where}\n")
    if not summary:
        sys.stdout.write(body)
    return 0
