"""Asks from outside, through the edge, whether a release serves as a user would see it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

from steps import smoke
from steps.context import Waiting
from steps.errors import WebError
from steps.release.seal import HEADER
from steps.web import open_client, shown

if TYPE_CHECKING:
    from steps.context import Context
    from steps.release.plan import Question, Verify

_EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""


def wrong(question: Question, answer: httpx.Response, release: str | None) -> str | None:
    """Return what is wrong with an answer, or None; pure.

    Args:
        question: what was asked.
        answer: what came back.
        release: the release that has to answer; None accepts any.
    """
    if answer.status_code != question.status:
        return f"wanted HTTP {question.status}"
    if question.body is not None and question.body not in answer.text:
        return f"its text does not contain {question.body!r}"
    if release is None or question.release_key is None:
        return None
    found = _value(answer, question.release_key)
    if found != release:
        return f"release {release} was to answer, but {question.release_key} is {found!r}"
    return None


def verify(
    wanted: Verify, context: Context, *, release: str | None, token: str | None = None
) -> dict[str, object]:
    """Ask until every answer is right.

    Args:
        wanted: the questions and the patience.
        context: where to say things, and the clock.
        release: the release that has to answer; None asks only whether anything serves.
        token: opens a service that is sealed for everybody else.

    Raises:
        WebError: an answer is still wrong after the last attempt.
    """
    left = wanted.attempts
    waiting = Waiting(context, "verify")
    with open_client(wanted.ca_certificate) as http:
        if token is not None:
            http.headers[HEADER] = token
        for question in wanted.questions:
            while True:
                left -= 1
                seen = _ask(http, question, context, release)
                if seen is None:
                    break
                if left <= 0:
                    raise WebError(
                        f"From outside {question.url} does not answer as it has to.",
                        why=f"after {wanted.attempts} attempts: {seen}",
                        state="Tasks that pass their health check can still be wrong outside.",
                        todo="Look at the service's log, the edge's routes and the DNS record.",
                    )
                waiting.tick(f"{question.url}: {seen}")
                context.clock.sleep(wanted.interval_s)
        if wanted.smoke is not None and release is not None:
            smoke.ask(http, wanted.smoke, context)
    return {"attempts": wanted.attempts - left, "seconds": round(waiting.seconds, 1)}


def refuse_expired(wanted: Verify, context: Context) -> None:
    """See that no certificate has expired: a release behind one could be seen neither way.

    Any other wrong answer is let pass: the release may be what mends it.

    Raises:
        WebError: an address shows a certificate that has expired.
    """
    with open_client(wanted.ca_certificate) as http:
        for question in wanted.questions:
            try:
                http.get(question.url)
            except httpx.HTTPError as error:
                if not _is_of_expired_certificate(error):
                    continue
                raise WebError(
                    f"The certificate of {question.url} has expired.",
                    why=context.redactor.hide(str(error)),
                    state="Nothing was changed.",
                    todo="Have the edge renew it (its log says why it has not), then run the "
                    "update again.",
                ) from error


def _is_of_expired_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_code == _EXPIRED
        error = error.__cause__ or error.__context__
    return False


def _ask(
    http: httpx.Client, question: Question, context: Context, release: str | None
) -> str | None:
    """Return what is wrong, or None."""
    try:
        answer = http.get(question.url, follow_redirects=True)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    fault = wrong(question, answer, release)
    return None if fault is None else f"{fault}; it was {shown(answer, context.redactor.hide)}"


def _value(answer: httpx.Response, key: str) -> object:
    try:
        body: Any = answer.json()
    except ValueError:
        return None
    return body.get(key) if isinstance(body, dict) else None
