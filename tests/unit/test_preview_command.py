"""What surrounds a report: secrets, a silent engine, and the rules before an update."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import stacks, up
from ops.engine import Engine
from ops.errors import OpsError
from ops.policies import POLICIES, refuse, with_policies
from ops.preview import command, looking
from ops.preview.events import Look, Violation
from ops.workplace import ROOT
from tests.unit.previewed import SERVICE, event, look, said, service
from tests.unit.stack_files import changed, raw

CANARY = "canary-of-the-smtp-password"


class Scripted(Engine):
    """An engine that prints what a test gives it and ends with a code."""

    def command(self, *arguments: str) -> list[str]:
        self.asked.append(arguments)
        return [sys.executable, "-c", self.script]

    script: str
    asked: list[tuple[str, ...]]


def scripted(lines: list[str], code: int = 0) -> Scripted:
    """Return an engine that prints lines."""
    engine = Scripted("prod", environment={"PATH": "/usr/bin"})
    text = "\n".join(lines)
    script = f"import sys; sys.stdout.write({text!r}); sys.exit({code})"
    object.__setattr__(engine, "script", script)
    object.__setattr__(engine, "asked", [])
    return engine


def test_the_engine_is_asked_for_events_with_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    engine = scripted([event("create", SERVICE, "web", new=service("web"))])
    found = looking.look(engine)
    assert [one.name for one in found.changes] == ["web"]
    assert engine.asked == [("preview", "--json", "--policy-pack", str(POLICIES))]
    assert capsys.readouterr().out == ""


def test_an_engine_that_never_began_is_heard() -> None:
    found = looking.look(scripted(["error: incorrect passphrase"], code=255))
    assert (found.errors, found.code) == (("error: incorrect passphrase",), 255)
    silent = looking.look(scripted([], code=3))
    assert silent.errors == ("the engine ended with 3",)


def test_the_rules_are_found_on_the_path() -> None:
    assert with_policies({"PATH": "/bin", "X": "1"}) == {"PATH": f"{POLICIES}:/bin", "X": "1"}
    runs = yaml.safe_load((POLICIES / "PulumiPolicy.yaml").read_text())["runtime"]
    program = POLICIES / f"pulumi-analyzer-policy-{runs}"
    assert program.stat().st_mode & 0o111


@pytest.mark.parametrize("form", ["text", "diff", "markdown", "json"])
def test_no_form_shows_a_secret(
    form: command.Form, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leaking = service("web", labels={"leak": f"smtp://{CANARY}@host"})
    lines = [
        event("update", SERVICE, "web", old=service("web"), new=leaking),
        said("warning", f"it is {CANARY}"),
    ]
    parts = raw(changed({"ticketsSecrets.SMTP_PASSWORD": CANARY}))
    monkeypatch.setattr(command, "to_look_at", lambda _stack: scripted(lines))
    monkeypatch.setattr(command, "config_of", lambda _engine: parts)
    monkeypatch.setattr(command, "kept_backups", lambda _estate: {})
    assert command.preview("prod", form) == 0
    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err
    assert "***" in printed.out


def test_secrets_are_hidden_even_when_the_settings_have_mistakes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [said("error", f"the stack file needs corrections, {CANARY}")]
    parts = {"ticketsSecrets": json.dumps({"SMTP_PASSWORD": CANARY}), "edge": '"?"'}
    monkeypatch.setattr(command, "to_look_at", lambda _stack: scripted(lines, code=255))
    monkeypatch.setattr(command, "config_of", lambda _engine: parts)
    assert command.preview("prod", "text") == 255
    printed = capsys.readouterr().out
    assert CANARY not in printed
    assert "needs corrections" in printed


def test_settings_that_cannot_be_read_do_not_hide_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_engine: Engine) -> dict[str, str]:
        raise OpsError("incorrect passphrase", todo="set it")

    monkeypatch.setattr(command, "to_look_at", lambda _stack: scripted(["no passphrase"], code=1))
    monkeypatch.setattr(command, "config_of", refused)
    assert command.preview("prod", "text") == 1
    assert "no passphrase" in capsys.readouterr().out


def test_without_secrets_the_report_says_what_it_does_not_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "without_secrets", lambda _stack: scripted([]))
    monkeypatch.setattr(command, "config_of", lambda _engine: {})
    assert command.preview("prod", "markdown", secrets=False) == 0
    shown = capsys.readouterr().out
    assert "**Not shown**" in shown
    assert "from a fork" in shown


@pytest.mark.parametrize(
    ("file", "variables", "lacking"),
    [
        ("encryptionsalt: x", {"PULUMI_BACKEND_URL": "s3://x"}, []),
        ("encryptionsalt: x", {"PULUMI_BACKEND_URL": ""}, ["PULUMI_BACKEND_URL"]),
        ("encryptionsalt: x", {"PULUMI_CONFIG_PASSPHRASE": ""}, ["PULUMI_CONFIG_PASSPHRASE"]),
        ("secretsprovider: awskms://x", {"PULUMI_CONFIG_PASSPHRASE": ""}, []),
        ("config: {}", {"PULUMI_BACKEND_URL": "", "PULUMI_CONFIG_PASSPHRASE": ""}, []),
    ],
)
def test_a_secret_that_a_workflow_does_not_have_is_noticed(
    file: str,
    variables: dict[str, str],
    lacking: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(file)
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    assert stacks.lacking_for("prod", variables) == lacking


def test_a_missing_secret_is_said_in_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "lacking_for", lambda *_: ["PULUMI_CONFIG_PASSPHRASE"])
    monkeypatch.setattr(command, "without_secrets", lambda _stack: scripted([]))
    monkeypatch.setattr(command, "config_of", lambda _engine: {})
    assert command.preview("prod", "markdown") == 0
    assert "PULUMI_CONFIG_PASSPHRASE set to nothing" in capsys.readouterr().out


def test_encrypted_values_become_placeholders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content: dict[str, Any] = {
        "encryptionsalt": "v1:of-somebody",
        "config": {
            "estate:crmSecrets": {"POSTGRES_PASSWORD": {"secure": "v1:x"}, "env": {"A": "b"}},
            "estate:list": [{"secure": "v1:y"}, "z"],
        },
    }
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "Pulumi.yaml").write_text("name: estate\n")
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    monkeypatch.setattr(stacks, "PRIVATE", tmp_path / "private")
    monkeypatch.setattr(stacks, "engine_environment", dict)
    monkeypatch.setattr(Engine, "run_bare", lambda *_: None)
    engine = stacks.without_secrets("prod")
    assert engine.config_file is not None
    assert yaml.safe_load(engine.config_file.read_text()) == {
        "config": {
            "estate:crmSecrets": {"POSTGRES_PASSWORD": "placeholder", "env": {"A": "b"}},
            "estate:list": ["placeholder", "z"],
        }
    }
    assert str(tmp_path / "private") in engine.environment["PULUMI_BACKEND_URL"]


def violation(number: int, *, mandatory: bool = True) -> Violation:
    """Return a broken rule."""
    return Violation(
        rule="healthcheck", resource=f"web-{number}", text="has none.\nGive it", mandatory=mandatory
    )


def test_a_broken_rule_refuses_an_update_in_words() -> None:
    with pytest.raises(OpsError) as caught:
        refuse(look(violations=(violation(1),)), "prod")
    assert str(caught.value) == (
        "stack prod breaks rules that every stack has to keep; nothing was changed:\n"
        "  healthcheck: web-1: has none. Give it\n"
        "next: do what each line says; make preview STACK=prod shows all of it"
    )


def test_many_broken_rules_stay_a_short_message() -> None:
    with pytest.raises(OpsError) as caught:
        refuse(look(violations=tuple(map(violation, range(40)))), "prod")
    assert len(str(caught.value).splitlines()) < 20
    assert "… 26 more" in str(caught.value)


def test_advice_refuses_nothing_and_other_errors_are_left_to_the_update() -> None:
    refuse(look(violations=(violation(1, mandatory=False),)), "prod")
    refuse(Look(errors=("the host does not answer",), code=255), "prod")


@pytest.mark.parametrize("broken", [False, True])
def test_an_update_begins_only_when_every_rule_is_kept(
    monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    done: list[str] = []

    def applied(_engine: Engine) -> int:
        done.append("applied")
        return 0

    seen = look(violations=(violation(1),) if broken else ())
    monkeypatch.setattr(up, "look", lambda _engine, **_: seen)
    monkeypatch.setattr(up, "prepare", lambda _engine: done.append("prepared"))
    monkeypatch.setattr(up, "apply", applied)
    engine = Engine("prod", environment={})
    if broken:
        with pytest.raises(OpsError):
            up.bring_up(engine)
    else:
        assert up.bring_up(engine) == 0
    assert done == ["prepared", *(["applied"] * (not broken))]


def test_the_pack_is_where_the_program_is() -> None:
    assert POLICIES == ROOT / "policy"
