"""A look is announced once: one issue for each stack, and one message for each that is to know."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from ops.drift import announcing
from ops.drift.announcing import announce
from ops.drift.finding import Look, Unknown
from ops.drift.issue import Issues
from ops.drift.news import News, issue_body, news_of, read_mark
from ops.engine import Engine
from ops.errors import OpsError
from settings import Alerts, Estate
from tests.phone import Phone, ringing
from tests.unit.drift_world import SECRET, Reality, changed
from tests.unit.github_api import REPOSITORY, TOKEN, GitHub, running

UNKNOWN = Look(unknown=(Unknown(what="host vps", why="ssh: timed out at 12:01"),))
ISSUES = f"/repos/{REPOSITORY}/issues"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with running() as api:
        yield api


@pytest.fixture
def issues(github: GitHub) -> Issues:
    environment = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": TOKEN,
    }
    made = Issues.of_environment(environment)
    assert made
    return made


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "announced/prod.json"


@pytest.fixture
def phone() -> Iterator[Phone]:
    with ringing(SECRET) as one:
        yield one


def drifted(value: str = "1") -> News:
    return news_of(changed(lambda one: one.container["Env"].append(f"X={value}")).look(), "prod")


def clean() -> News:
    return news_of(Reality().look(), "prod")


def test_no_drift_and_no_issue_need_no_word(github: GitHub, issues: Issues, memory: Path) -> None:
    announce(clean(), [], issues, memory)
    assert github.requests == []
    assert github.issues == []


def test_drift_opens_an_issue_that_names_it(github: GitHub, issues: Issues, memory: Path) -> None:
    announce(drifted(), [], issues, memory)
    (one,) = github.issues
    assert one["title"] == "prod: drift: 1 differences"
    assert one["labels"] == ["drift"]
    assert "taskSpec.containerSpec.env.X" in one["body"]
    assert "make up STACK=prod" in one["body"]
    assert not memory.exists()


def test_the_same_again_changes_nothing(github: GitHub, issues: Issues, memory: Path) -> None:
    announce(drifted(), [], issues, memory)
    github.requests.clear()
    announce(drifted(), [], issues, memory)
    assert github.requests == []


def test_other_drift_updates_the_issue_and_says_so(
    github: GitHub, issues: Issues, memory: Path
) -> None:
    announce(drifted(), [], issues, memory)
    announce(drifted("2"), [], issues, memory)
    (one,) = github.issues
    assert '"2"' in one["body"]
    assert github.comments == [(1, "Now prod: drift: 1 differences.")]
    assert github.requests[-1] == ("PATCH", f"{ISSUES}/1")


def test_no_drift_closes_it_and_new_drift_opens_the_same_again(
    github: GitHub, issues: Issues, memory: Path
) -> None:
    announce(drifted(), [], issues, memory)
    announce(clean(), [], issues, memory)
    (one,) = github.issues
    assert (one["state"], one["state_reason"]) == ("closed", "completed")
    assert one["title"] == "prod: drift (gone)"
    github.requests.clear()
    announce(clean(), [], issues, memory)
    assert github.requests == []
    announce(drifted(), [], issues, memory)
    assert [(one["number"], one["state"]) for one in github.issues] == [(1, "open")]
    assert [number for number, _ in github.comments] == [1, 1]


def test_an_issue_that_a_person_has_closed_comes_back_while_it_is_true(
    github: GitHub, issues: Issues, memory: Path
) -> None:
    announce(drifted(), [], issues, memory)
    github.issues[0]["state"] = "closed"
    announce(drifted(), [], issues, memory)
    assert github.issues[0]["state"] == "open"


def test_each_stack_has_its_own_and_others_issues_are_left_alone(
    github: GitHub, issues: Issues, memory: Path
) -> None:
    others = [
        {"number": 1, "state": "open", "labels": ["drift"], "body": "by hand", "title": "x"},
        {"number": 2, "state": "open", "labels": ["drift"], "body": None, "title": "y"},
        {
            "number": 3,
            "state": "open",
            "labels": ["drift"],
            "body": issue_body(drifted(), ""),
            "title": "a pull request that shows it",
            "pull_request": {},
        },
    ]
    others += [{**others[0], "number": number} for number in range(4, 204)]
    github.issues += others
    before = json.dumps(others)
    announce(drifted(), [], issues, memory)
    staging = changed(lambda one: one.container.update(User="root")).look()
    announce(news_of(staging, "staging"), [], issues, memory)
    assert [one["title"].partition(":")[0] for one in github.issues[203:]] == ["prod", "staging"]
    assert json.dumps(github.issues[:203]) == before
    github.issues[:] = github.issues[203:] + github.issues[:203]  # now the oldest, on page three
    announce(clean(), [], issues, memory)
    assert github.issues[0]["state"] == "closed"


def test_what_is_unknown_keeps_the_issue_open(github: GitHub, issues: Issues, memory: Path) -> None:
    announce(drifted(), [], issues, memory)
    announce(news_of(UNKNOWN, "prod"), [], issues, memory)
    (one,) = github.issues
    assert one["state"] == "open"
    assert one["title"] == "prod: drift: host vps unknown"


def test_a_refusal_is_said_without_the_token(github: GitHub, issues: Issues, memory: Path) -> None:
    github.refuses = HTTPStatus.FORBIDDEN
    with pytest.raises(OpsError, match=r"GET .*issues: HTTP 403") as refused:
        announce(drifted(), [], issues, memory)
    assert TOKEN not in str(refused.value)


def test_a_wrong_token_is_refused_by_the_api(github: GitHub, memory: Path) -> None:
    with pytest.raises(OpsError, match="HTTP 401"):
        announce(drifted(), [], Issues(github.url, REPOSITORY, "another"), memory)
    assert github.issues == []


def test_an_api_that_is_not_there_is_said(memory: Path) -> None:
    with pytest.raises(OpsError, match="ConnectError"):
        announce(drifted(), [], Issues("http://127.0.0.1:9", REPOSITORY, TOKEN), memory)


@pytest.mark.parametrize("missing", ["GITHUB_REPOSITORY", "GITHUB_TOKEN"])
def test_without_a_repository_or_a_token_there_is_no_issue(missing: str) -> None:
    environment = {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}
    environment.pop(missing)
    assert Issues.of_environment(environment) is None


def test_who_is_to_know_hears_it_once_and_hears_when_it_is_gone(phone: Phone, memory: Path) -> None:
    for news in (clean(), drifted(), drifted(), drifted("2"), drifted("2"), clean(), clean()):
        announce(news, [phone.url], None, memory)
    assert [one["title"] for one in phone.got] == [
        "prod: drift: 1 differences",
        "prod: drift: 1 differences",
        "prod: no drift",
    ]
    assert "taskSpec.containerSpec.env.X" in phone.got[0]["message"]


def test_the_issue_remembers_who_was_told(phone: Phone, issues: Issues, memory: Path) -> None:
    for news in (drifted(), drifted(), clean(), clean(), drifted()):
        announce(news, [phone.url], issues, memory)
    assert len(phone.got) == 3
    assert not memory.exists()


def test_who_could_not_be_told_is_told_next_time_and_the_issue_is_kept_all_the_same(
    phone: Phone, github: GitHub, issues: Issues, memory: Path
) -> None:
    phone.status = HTTPStatus.INTERNAL_SERVER_ERROR
    with pytest.raises(OpsError, match="not everybody") as failed:
        announce(drifted(), [phone.url], issues, memory)
    assert SECRET not in str(failed.value)
    assert len(github.issues) == 1
    phone.status = HTTPStatus.OK
    announce(drifted(), [phone.url], issues, memory)
    announce(drifted(), [phone.url], issues, memory)
    assert len(phone.got) == 2


def test_an_address_that_is_none_is_said_without_showing_it(
    memory: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OpsError, match="not everybody") as failed:
        announce(drifted(), [f"nothing://{SECRET}"], None, memory)
    seen = capfd.readouterr()
    assert SECRET not in f"{failed.value}{caplog.text}{seen.out}{seen.err}"
    assert not memory.exists()


def test_a_memory_that_was_damaged_is_none(phone: Phone, memory: Path) -> None:
    memory.parent.mkdir()
    memory.write_text("{", encoding="utf-8")
    announce(drifted(), [phone.url], None, memory)
    assert len(phone.got) == 1


def test_the_addresses_and_the_repository_come_from_settings_and_environment(
    phone: Phone, github: GitHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alerts = Alerts.model_validate({"urls": [phone.url]})
    monkeypatch.setattr(announcing, "estate_of", lambda _: Estate(alerts=alerts))
    monkeypatch.setattr(announcing, "_MEMORY", tmp_path)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", f"{github.url}/")
    announcing.announce_look(Engine("prod", environment={}), UNKNOWN)
    assert len(phone.got) == len(github.issues) == 1


def test_a_task_that_crashes_again_and_again_is_no_news() -> None:
    def crashing(error: str) -> News:
        broken = changed(lambda one: one.tasks[0]["Status"].update(State="failed", Err=error))
        return news_of(broken.look(), "prod")

    assert crashing("exit code 1").mark == crashing("exit code 2").mark
    assert drifted("1").mark != drifted("2").mark


def test_why_something_is_unknown_is_no_news() -> None:
    later = Look(unknown=(Unknown(what="host vps", why="ssh: timed out at 12:16"),))
    assert news_of(UNKNOWN, "prod").mark == news_of(later, "prod").mark


def test_the_body_of_an_issue_is_never_too_long_and_always_says_what_it_shows() -> None:
    news = drifted("x```" * 50_000)
    body = issue_body(news, "before")
    assert len(body) < 65_536
    assert body.count("```") == 2
    known = read_mark(body, "prod")
    assert known
    assert (known.seen, known.told) == (news.mark, "before")
    assert read_mark(body, "staging") is None
