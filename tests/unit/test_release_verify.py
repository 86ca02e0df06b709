"""What counts as a right answer from outside, and for how long it is asked for."""

from __future__ import annotations

import io
import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from steps import smoke
from steps.context import Context
from steps.errors import WebError
from steps.inputs import SmokeInput
from steps.redact import Redactor
from steps.release import verify as module
from steps.release.plan import Question, Verify
from steps.release.seal import HEADER
from steps.release.verify import refuse_expired, verify, wrong
from tests.unit.release_swarm import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://api.example.com/health"
SECRET = "planted-secret-66bb02"
SMOKE = SmokeInput(
    url="http://api.example.com",
    convex_url="http://live.example.com",
    register_path="/r",
    heartbeat_path="/h",
    attempts=1,
    interval_s=0.0,
    tenant_id="t",
)


def question(**other: Any) -> Question:  # noqa: ANN401 - any of its fields
    return Question(url=URL, **other)


def answer(status: int = 200, text: str = '{"release": "r1", "database": "ok"}') -> httpx.Response:
    return httpx.Response(status, text=text)


@pytest.mark.parametrize(
    ("asked", "given", "release"),
    [
        (question(), answer(), "r1"),
        (question(), answer(text="no json"), "r1"),
        (question(status=204), answer(204, ""), "r1"),
        (question(body='"database": "ok"'), answer(), "r1"),
        (question(release_key="release"), answer(), "r1"),
        (question(release_key="release"), answer(), None),
        (question(release_key="release"), answer(text="no json"), None),
        (question(release_key="release", body="r1"), answer(), "r1"),
    ],
)
def test_a_right_answer(asked: Question, given: httpx.Response, release: str | None) -> None:
    assert wrong(asked, given, release) is None


@pytest.mark.parametrize(
    ("asked", "given", "release", "fault"),
    [
        (question(), answer(503), None, "wanted HTTP 200"),
        (question(status=204), answer(), "r1", "wanted HTTP 204"),
        (question(body="ready"), answer(), None, "does not contain 'ready'"),
        (question(release_key="release"), answer(), "r2", "release is 'r1'"),
        (question(release_key="sha"), answer(), "r1", "sha is None"),
        (question(release_key="release"), answer(text="no json"), "r1", "release is None"),
        (question(release_key="release"), answer(text='["r1"]'), "r1", "release is None"),
        (question(release_key="release"), answer(text='{"release": 1}'), "1", "release is 1"),
    ],
)
def test_a_wrong_answer_is_named(
    asked: Question, given: httpx.Response, release: str | None, fault: str
) -> None:
    assert fault in str(wrong(asked, given, release))


class Outside:
    """Answers in turn; the last answer stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[httpx.Response | Exception] = [answer()]
        self.asked: list[httpx.Request] = []
        self.smoked: list[SmokeInput] = []
        self.clock = StillClock()
        self.stderr = io.StringIO()
        monkeypatch.setattr(module, "open_client", self._open)
        monkeypatch.setattr(smoke, "ask", self._smoke)

    def verify(
        self,
        *questions: Question,
        attempts: int = 3,
        release: str | None = "r1",
        token: str | None = None,
        check: SmokeInput | None = None,
    ) -> dict[str, object]:
        wanted = Verify(
            questions=questions or (question(),), attempts=attempts, interval_s=5.0, smoke=check
        )
        return verify(wanted, self.context, release=release, token=token)

    @property
    def context(self) -> Context:
        return Context(clock=self.clock, stderr=self.stderr, redactor=Redactor([SECRET]))

    def _open(self, ca_certificate: str | None) -> httpx.Client:
        assert ca_certificate is None
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        return given

    def _smoke(self, http: httpx.Client, given: SmokeInput, context: Context) -> dict[str, object]:
        del context
        assert not http.is_closed
        self.smoked.append(given)
        return {}


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    return Outside(monkeypatch)


def test_a_release_that_serves_is_asked_once(outside: Outside) -> None:
    assert outside.verify() == {"attempts": 1, "seconds": 0.0}
    assert HEADER not in outside.asked[0].headers


def test_it_is_asked_again_until_the_edge_knows_the_new_task(outside: Outside) -> None:
    outside.answers = [httpx.ConnectError("refused"), answer(404), answer(502), answer()]
    assert outside.verify(attempts=4) == {"attempts": 4, "seconds": 15.0}


def test_an_old_release_that_still_answers_does_not_count(outside: Outside) -> None:
    with pytest.raises(WebError, match="r2 was to answer, but release is 'r1'"):
        outside.verify(question(release_key="release"), release="r2")
    assert len(outside.asked) == 3


def test_attempts_hold_for_all_questions_together(outside: Outside) -> None:
    outside.answers = [answer(502), answer(), answer(502)]
    with pytest.raises(WebError, match="after 3 attempts: wanted HTTP 200; it was HTTP 502"):
        outside.verify(question(), question(status=200))
    assert len(outside.asked) == 3


def test_an_address_that_never_answers_is_named_with_the_reason(outside: Outside) -> None:
    outside.answers = [httpx.ConnectError("refused")]
    with pytest.raises(WebError) as caught:
        outside.verify()
    assert URL in caught.value.what
    assert "ConnectError: refused" in caught.value.why


def test_the_answer_is_shown_without_secrets(outside: Outside) -> None:
    outside.answers = [answer(500, f"password {SECRET} is wrong")]
    with pytest.raises(WebError) as caught:
        outside.verify(attempts=9)
    assert "HTTP 500: password *** is wrong" in caught.value.why
    assert SECRET not in outside.stderr.getvalue()
    assert outside.stderr.getvalue()


def test_a_sealed_service_is_asked_with_the_token(outside: Outside) -> None:
    outside.verify(token="0a1b")
    assert outside.asked[0].headers[HEADER] == "0a1b"


def test_a_redirect_is_followed(outside: Outside) -> None:
    outside.answers = [httpx.Response(301, headers={"Location": "/login"}), answer()]
    assert outside.verify()["attempts"] == 1
    assert [request.url.path for request in outside.asked] == ["/health", "/login"]


@pytest.mark.parametrize(("release", "smoked"), [("r1", [SMOKE]), (None, [])])
def test_the_device_check_is_asked_of_a_new_release_alone(
    outside: Outside, release: str | None, smoked: list[SmokeInput]
) -> None:
    outside.verify(release=release, check=SMOKE)
    assert outside.smoked == smoked


def test_the_device_check_waits_until_the_questions_are_answered(outside: Outside) -> None:
    outside.answers = [answer(503)]
    with pytest.raises(WebError):
        outside.verify(check=SMOKE)
    assert outside.smoked == []


def test_every_question_is_asked(outside: Outside) -> None:
    seen: Callable[[int], str] = lambda index: str(outside.asked[index].url)  # noqa: E731
    other = Question(url="http://other.example.com/")
    outside.verify(question(), other)
    assert [seen(0), seen(1)] == [URL, "http://other.example.com/"]


def refused(code: int, words: str) -> httpx.ConnectError:
    """What httpx raises when a certificate is not believed."""
    cause = ssl.SSLCertVerificationError(1, words)
    cause.verify_code = code
    error = httpx.ConnectError(words)
    error.__cause__ = OSError()
    error.__cause__.__context__ = cause
    return error


def test_a_release_is_not_begun_behind_an_expired_certificate(outside: Outside) -> None:
    outside.answers = [answer(), refused(10, "certificate has expired")]
    wanted = Verify(questions=(question(), question()), attempts=9, interval_s=5.0)
    with pytest.raises(WebError, match=f"The certificate of {URL} has expired") as caught:
        refuse_expired(wanted, outside.context)
    assert "certificate has expired" in caught.value.why
    assert outside.clock.seconds == 0


@pytest.mark.parametrize(
    "given",
    [answer(500), answer(404), httpx.ConnectError("refused"), refused(18, "self-signed")],
    ids=["500", "404", "nobody", "self-signed"],
)
def test_what_the_release_may_mend_does_not_keep_it_back(
    outside: Outside, given: httpx.Response | Exception
) -> None:
    outside.answers = [given]
    wanted = Verify(questions=(question(),), attempts=1, interval_s=0.0)
    refuse_expired(wanted, outside.context)
    assert len(outside.asked) == 1
