"""A new customer in a stack file: what is written, what is refused, and what stays as it was."""

from pathlib import Path

import pytest
import yaml

from ops import tenant_new as subject
from ops.engine import Engine
from ops.errors import OpsError
from ops.tenant_lines import check, with_tenant
from ops.tenant_new import tenant_new
from tests.unit.stack_files import ROOT

FILE = """# of the team
config:
  estate:erp:
    host: erp
    domain: erp.example.com
    tenants:
      # the first
      acme:
        site: old.example.com # kept
      globex: {}

    waves:
      canary: acme
  estate:erpSecrets:
    tenants:
      acme:
        ADMIN_PASSWORD:
          secure: v1:abc
"""
LINES = "      initech:\n        apps: [erpnext]\n        state: active\n"
PATH = "estate:erpSecrets.tenants.initech.ADMIN_PASSWORD"


class Recorder(Engine):
    """Notes what it is asked, and answers as a test wants."""

    calls: list[tuple[tuple[str, ...], str]]
    code: int

    @classmethod
    def preview(cls, *arguments: str) -> int:
        cls.calls.append((("preview", *arguments), ""))
        return cls.code

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del limit_s
        self.calls.append((arguments, stdin))
        return ""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "Pulumi.prod.yaml"
    made.write_text(FILE, encoding="utf-8")
    Recorder.calls, Recorder.code = [], 0
    monkeypatch.setattr(subject, "stack_file", lambda _stack: made)
    monkeypatch.setattr(subject, "made", Recorder)
    monkeypatch.setattr(subject, "preview", Recorder.preview)
    return made


def test_a_customer_is_three_lines_after_the_last_one_and_nothing_else_changes() -> None:
    after = with_tenant(FILE, "initech")
    assert after == FILE.replace("      globex: {}\n", f"      globex: {{}}\n{LINES}")
    tenants = yaml.safe_load(after)["config"]["estate:erp"]["tenants"]
    assert tenants["initech"] == {"apps": ["erpnext"], "state": "active"}


@pytest.mark.parametrize("there", ["tenants:\n", "tenants: {}\n", "tenants: # none yet\n"])
def test_a_customer_may_be_the_first(there: str) -> None:
    file = f"config:\n  estate:erp:\n    {there}    waves: {{}}\n"
    assert yaml.safe_load(with_tenant(file, "initech"))["config"]["estate:erp"] == {
        "tenants": {"initech": {"apps": ["erpnext"], "state": "active"}},
        "waves": {},
    }


def test_a_customer_may_be_the_last_line_of_the_file() -> None:
    file = "config:\n  estate:erp:\n    tenants:\n      acme: {}"
    assert with_tenant(file, "initech") == f"{file}\n{LINES}"


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_the_files_of_this_project_take_a_customer(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    after = with_tenant(text, "initech")
    assert [line for line in after.splitlines() if line not in text.splitlines()] == [
        *LINES.splitlines()
    ]
    assert list(yaml.safe_load(after)["config"]["estate:erp"]["tenants"]) == [
        *("acme", "globex", "initech")
    ]


def test_the_password_is_made_and_goes_in_by_standard_input_alone(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenant_new("prod", "initech", dry=False) == 0
    (set_, preview) = Recorder.calls
    assert set_[0] == ("config", "set", "--path", PATH, "--secret")
    assert len(set_[1]) == 32
    assert preview[0] == ("preview", "prod", "text")
    assert file.read_text(encoding="utf-8") == with_tenant(FILE, "initech")
    said = capsys.readouterr().out
    assert set_[1] not in said
    assert "its site will be initech.erp.example.com" in said


def test_two_customers_never_get_one_password(file: Path) -> None:
    tenant_new("prod", "initech", dry=False)
    tenant_new("prod", "umbrella", dry=False)
    assert Recorder.calls[0][1] != Recorder.calls[2][1]
    assert file.exists()


def test_a_dry_run_shows_the_lines_and_changes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tenant_new("prod", "initech", dry=True) == 0
    assert LINES in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == FILE
    assert Recorder.calls == []


def test_a_preview_that_fails_leaves_the_file_as_it_was(file: Path) -> None:
    Recorder.code = 255
    assert tenant_new("prod", "initech", dry=False) == 255
    assert file.read_text(encoding="utf-8") == FILE


def test_an_engine_that_refuses_leaves_the_file_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str, **__: object) -> str:
        raise OpsError("no passphrase", todo="give one")

    monkeypatch.setattr(Recorder, "ask", refuse)
    with pytest.raises(OpsError, match="no passphrase"):
        tenant_new("prod", "initech", dry=False)
    assert file.read_text(encoding="utf-8") == FILE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme", "the customer acme is there already"),
        ("", "nothing names no customer"),
        ("Initech", "NAME=needs a customer's short name in small letters, for example acme"),
        ("old", "old.erp.example.com is a name of the customer acme"),
    ],
)
def test_a_customer_that_cannot_be_is_refused_before_anything_is_written(
    file: Path, name: str, message: str
) -> None:
    text = FILE.replace("old.example.com", "old.erp.example.com")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(OpsError, match=message):
        tenant_new("prod", name, dry=False)
    assert file.read_text(encoding="utf-8") == text
    assert Recorder.calls == []


def test_a_stack_without_an_erp_has_no_customers() -> None:
    with pytest.raises(OpsError, match="the stack has no ERP"):
        check("config:\n  estate:tickets: {}\n", "initech")


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  estate:erp: {tenants: {acme: {}}}\n",
        "config:\n  estate:erp:\n    tenants: {acme: {}}\n",
    ],
)
def test_a_file_without_lines_for_customers_is_refused(text: str) -> None:
    with pytest.raises(OpsError, match="no list of customers in lines of its own"):
        with_tenant(text, "initech")
