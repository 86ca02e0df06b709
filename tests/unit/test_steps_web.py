"""Smoke test and Convex client against a real HTTP server on a free port of this machine."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from local.answering import Answering, serving
from steps.context import Context
from steps.convex import ConvexApi, key_in
from steps.convex_env import changes
from steps.errors import ConvexError, InputError, StepError, WebError
from steps.inputs import SmokeInput
from steps.redact import Redactor
from steps.smoke import SECRET, accepted, ask
from steps.web import open_client

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE = "planted-provisioning-secret"
Answer = tuple[int, Any]


class StillClock:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Site:
    """Answers each path with its list of answers in turn; the last one stays."""

    port: int = 0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://site.localhost:{self.port}"

    def answer(self, path: str) -> Answer:
        answers = self.answers.get(path, [(404, "404 page not found")])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def paths(self) -> list[str]:
        return [path for path, _body, _headers in self.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(Answering):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            made.asked.append((self.path, body, dict(self.headers)))
            status, value = made.answer(self.path)
            if status == 101:
                self.close_connection = True
                self.send_response_only(101)
                self.send_header("Connection", "Upgrade")
                self.send_header("Upgrade", "websocket")
                key = self.headers["Sec-WebSocket-Key"]
                self.send_header("Sec-WebSocket-Accept", value or accepted(key))
                self.end_headers()
                return
            content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

    with serving(Handler) as made.port:
        yield made


def context() -> Context:
    return Context(
        secrets={SECRET: VALUE},
        redactor=Redactor([VALUE]),
        clock=StillClock(),
        stderr=io.StringIO(),
    )


def smoke(site: Site, attempts: int = 5) -> SmokeInput:
    return SmokeInput(
        url=site.url,
        convex_url=site.url + "/",
        register_path="/register",
        heartbeat_path="/heartbeat",
        attempts=attempts,
        interval_s=5.0,
        tenant_id="tenant-atlas",
    )


def passed(given: SmokeInput, context: Context) -> dict[str, object]:
    with open_client() as http:
        return ask(http, given, context)


def working() -> dict[str, list[Answer]]:
    return {
        "/": [(200, "hello")],
        "/register": [(201, {"machineToken": "token-0123456789"})],
        "/heartbeat": [(200, {})],
        "/version": [(200, "1")],
        "/api/sync": [(101, "")],
    }


def test_a_working_release_passes_at_once_with_one_fixed_device(site: Site) -> None:
    site.answers = working()
    assert passed(smoke(site), context()) == {"attempts": 5, "seconds": 0.0}
    assert site.paths() == ["/", "/register", "/heartbeat", "/version", "/api/sync"]
    assert site.asked[1][1]["hostname"] == "estate-smoke"
    assert site.asked[1][1]["provisioningSecret"] == VALUE
    assert site.asked[2][1]["machineToken"] == "token-0123456789"
    assert site.asked[0][2]["Host"] == f"site.localhost:{site.port}"


def test_a_release_that_needs_time_is_asked_again(site: Site) -> None:
    site.answers = {**working(), "/": [(502, "bad"), (503, "bad"), (200, "ok")]}
    assert passed(smoke(site, attempts=6), context()) == {"attempts": 7, "seconds": 10.0}


def test_a_wrong_secret_fails_at_once_and_is_not_shown(site: Site) -> None:
    site.answers = {**working(), "/register": [(401, f"bad secret {VALUE} " + "x" * 900)]}
    with pytest.raises(WebError) as caught:
        passed(smoke(site, attempts=30), context())
    assert site.paths() == ["/", "/register"]
    assert "register failed after 2 attempts" in caught.value.what
    assert caught.value.why.startswith("HTTP 401: bad secret *** xxx")
    assert len(caught.value.why) < 260


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("/", "front page"),
        ("/register", "register"),
        ("/heartbeat", "heartbeat"),
        ("/version", "convex"),
        ("/api/sync", "websocket"),
    ],
)
def test_the_failing_check_is_named(site: Site, path: str, check: str) -> None:
    site.answers = {**working(), path: [(500, "broken")]}
    with pytest.raises(WebError, match=check) as caught:
        passed(smoke(site, attempts=5), context())
    assert "HTTP 500: broken" in caught.value.why


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((200, "a page"), "wanted HTTP 101"), ((101, "bm9uc2Vuc2U="), "answer to the key")],
)
def test_a_convex_that_opens_no_websocket_is_a_failure(
    site: Site, answer: Answer, reason: str
) -> None:
    site.answers = {**working(), "/api/sync": [answer]}
    with pytest.raises(WebError, match="websocket failed") as caught:
        passed(smoke(site), context())
    assert reason in caught.value.why


def test_the_answer_to_a_websocket_key_is_that_of_the_standard() -> None:
    assert accepted("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_registration_without_a_token_is_a_failure(site: Site) -> None:
    site.answers = {**working(), "/register": [(201, {"ok": True})]}
    with pytest.raises(WebError, match="no machineToken"):
        passed(smoke(site), context())


def test_a_site_that_does_not_answer_is_a_failure_after_all_attempts() -> None:
    site = Site(port=9)
    with pytest.raises(WebError, match="front page failed after 3 attempts") as caught:
        passed(smoke(site, attempts=3), context())
    assert "ConnectError" in caught.value.why


def test_a_smoke_test_without_its_secret_asks_nothing(site: Site) -> None:
    with pytest.raises(InputError):
        passed(smoke(site), Context(secrets={}, stderr=io.StringIO()))
    assert site.asked == []


def convex(site: Site, given: Context) -> ConvexApi:
    return ConvexApi(open_client(), site.url, "name|key", given)


def test_the_environment_is_read_once_the_edge_knows_the_backend(site: Site) -> None:
    site.answers["/api/list_environment_variables"] = [
        (404, "404 page not found"),
        (502, "bad gateway"),
        (200, {"environmentVariables": {"A": "1"}}),
    ]
    assert convex(site, context()).environment() == {"A": "1"}
    assert site.asked[0][2]["Authorization"] == "Convex name|key"


def test_a_refused_key_is_not_tried_again(site: Site) -> None:
    site.answers["/api/list_environment_variables"] = [(401, {"code": "BadAdminKey"})]
    with pytest.raises(ConvexError, match="BadAdminKey"):
        convex(site, context()).environment()
    assert len(site.asked) == 1


def test_a_backend_that_stays_away_is_a_failure(site: Site) -> None:
    with pytest.raises(StepError, match="HTTP 404"):
        convex(site, context()).environment()
    assert len(site.asked) == 10


def test_changes_are_sent_as_one_list_with_null_for_delete(site: Site) -> None:
    site.answers["/api/update_environment_variables"] = [(200, "")]
    convex(site, context()).update_environment({"B": None, "A": "1"})
    assert site.asked[0][1] == {
        "changes": [{"name": "A", "value": "1"}, {"name": "B", "value": None}]
    }


def test_only_what_differs_changes() -> None:
    current = {"SAME": "1", "OTHER": "1", "OLD": "1"}
    wanted = {"SAME": "1", "OTHER": "2", "OLD": None, "GONE": None, "NEW": "3"}
    assert changes(current, wanted) == {"OTHER": "2", "OLD": None, "NEW": "3"}


@pytest.mark.parametrize(
    ("output", "key"),
    [
        ("Admin key:\r\ndemo|0123\r\n", "demo|0123"),
        ("convex-self-hosted|ff\n", "convex-self-hosted|ff"),
        ("demo|1\ndemo|2\n", "demo|2"),
        ("other|0123\nsh: not found\n", None),
    ],
)
def test_the_key_is_the_line_of_this_instance(output: str, key: str | None) -> None:
    assert key_in(output, "demo") == key
