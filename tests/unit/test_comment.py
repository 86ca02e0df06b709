"""One comment for each pull request and stack, on a small forge that refuses what is not right."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.answering import Answering, serving
from ops import comment as module
from ops.__main__ import main
from ops.comment import Forge, comment, forge_of
from ops.errors import OpsError

TOKEN = "a-token-of-a-test"
BODY = "<!-- estate preview of prod -->\n### Preview\n"
OTHER = "<!-- estate preview of staging -->\n### Preview\n"
AT = "/repos/team/estate/issues"


@dataclass
class Small:
    """A forge with one pull request, number 7.

    Attributes:
        comments: id → comment.
        calls: method and path of each call.
        answer: status that every call gets instead; the first of a list only once.
    """

    url: str = ""
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)

    def add(self, body: str, *, by: str = "Bot") -> int:
        """Add a comment; return its id."""
        id_ = 100 + len(self.comments)
        self.comments[id_] = {
            "id": id_,
            "body": body,
            "user": {"type": by},
            "html_url": f"https://forge/{id_}",
        }
        return id_


class Handler(Answering):
    """Answers for a forge."""

    forge: Small

    def begin(self) -> bool:
        self.forge.calls.append(f"{self.command} {self.path}")
        if self.forge.answer:
            self.read()
            self.reply(self.forge.answer.pop(0), {"message": "no"})
            return False
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.reply(401, {"message": "Bad credentials"})
            return False
        return True

    def read(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.sent() or "{}")

    def do_GET(self) -> None:
        if not self.begin():
            return
        asked = urlsplit(self.path)
        assert asked.path == f"{AT}/7/comments"
        given = {name: int(one[0]) for name, one in parse_qs(asked.query).items()}
        begin = (given["page"] - 1) * given["per_page"]
        found = list(self.forge.comments.values())
        self.reply(200, found[begin : begin + given["per_page"]])

    def do_POST(self) -> None:
        if not self.begin():
            return
        body = self.read()
        if self.path != f"{AT}/7/comments" or set(body) != {"body"}:
            self.reply(422, {})
            return
        self.reply(201, self.forge.comments[self.forge.add(body["body"])])

    def do_PATCH(self) -> None:
        if not self.begin():
            return
        body, id_ = self.read(), int(self.path.rpartition("/")[2])
        if self.path != f"{AT}/comments/{id_}" or set(body) != {"body"}:
            self.reply(422, {})
            return
        self.forge.comments[id_]["body"] = body["body"]
        self.reply(200, self.forge.comments[id_])


@contextmanager
def running() -> Iterator[Small]:
    """Give a small forge that answers."""
    made = Small()

    class ForThis(Handler):
        forge = made

    with serving(ForThis) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """A small forge, in the variables of a workflow."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr(module, "_WAIT", {"multiplier": 0.01, "max": 0.01})
    with running() as it:
        monkeypatch.setenv("GITHUB_API_URL", it.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", "team/estate")
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield it


def test_the_first_report_is_a_new_comment(forge: Small) -> None:
    assert comment("prod", 7, BODY) == 0
    assert [one["body"] for one in forge.comments.values()] == [BODY]


def test_the_next_report_takes_its_place(forge: Small) -> None:
    forge.add("Nice change!", by="User")
    staging, own = forge.add(OTHER), forge.add(BODY)
    comment("prod", 7, BODY + "nothing changes\n")
    assert len(forge.comments) == 3
    assert forge.comments[own]["body"] == BODY + "nothing changes\n"
    assert forge.comments[staging]["body"] == OTHER
    assert forge.calls[-1] == f"PATCH {AT}/comments/{own}"


def test_it_is_found_behind_many_others(forge: Small) -> None:
    for _ in range(230):
        forge.add("again", by="User")
    own = forge.add(BODY)
    comment("prod", 7, BODY)
    assert forge.calls[-1] == f"PATCH {AT}/comments/{own}"
    assert len(forge.comments) == 231


def test_a_person_who_quotes_the_mark_keeps_what_they_wrote(forge: Small) -> None:
    quoted = forge.add(BODY + "looks safe to me", by="User")
    comment("prod", 7, BODY)
    assert forge.comments[quoted]["body"] == BODY + "looks safe to me"
    assert len(forge.comments) == 2


def test_a_forge_that_stumbles_is_asked_again_and_nothing_is_written_twice(forge: Small) -> None:
    forge.answer = [502]
    comment("prod", 7, BODY)
    assert len(forge.comments) == 1
    assert [one.split()[0] for one in forge.calls] == ["GET", "GET", "POST"]


def test_a_forge_that_stays_broken_is_an_error_without_the_token(forge: Small) -> None:
    forge.answer = [500] * 9
    with pytest.raises(OpsError, match="answered HTTP 500") as caught:
        comment("prod", 7, BODY)
    assert TOKEN not in str(caught.value)


def test_a_forge_that_is_not_there_is_an_error(
    forge: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with pytest.raises(OpsError, match="could not be asked: ConnectError"):
        comment("prod", 7, BODY)
    assert forge.calls == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_without_leave_to_write_the_report_is_in_the_summary(
    forge: Small,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    forge.answer = [status]
    assert comment("prod", 7, BODY) == 0
    assert (tmp_path / "summary").read_text() == BODY
    said = capsys.readouterr()
    assert f"may not write comments (HTTP {status})" in said.err
    assert TOKEN not in said.out + said.err


def test_without_a_token_the_report_follows_on_standard_output(
    forge: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    assert comment("prod", 7, BODY) == 0
    assert capsys.readouterr().out == BODY
    assert forge.calls == []


def test_a_report_of_another_stack_is_refused(forge: Small) -> None:
    with pytest.raises(OpsError, match="no report of stack prod"):
        comment("prod", 7, OTHER)
    assert forge.calls == []


def test_the_command_reads_a_file(forge: Small, tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(BODY)
    assert main(["comment", "prod", "--pull", "7", "--report", str(tmp_path / "report.md")]) == 0
    assert len(forge.comments) == 1


def test_the_forge_is_what_a_workflow_says() -> None:
    assert forge_of({}) is None
    known = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "team/estate"}
    assert forge_of(known) == Forge(
        api="https://api.github.com", repository="team/estate", token="t"
    )
    with pytest.raises(OpsError, match="GITHUB_REPOSITORY"):
        forge_of({"GITHUB_TOKEN": "t"})
