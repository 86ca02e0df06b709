"""Previews on the real engine, of a stack whose host nobody can reach; no Swarm is needed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy

import pytest

from ops.errors import OpsError
from ops.policies import refuse
from ops.preview.command import Form, as_form, looked_at
from ops.preview.looking import look
from ops.workplace import ROOT
from tests.preview.examples import EXAMPLES, PAGES, Deployed, Example, base, deployed, page

pytestmark = pytest.mark.engine
LIMIT_S = 300
FORMS: tuple[Form, ...] = ("text", "diff", "markdown", "json")


@pytest.fixture(scope="module")
def it() -> Iterator[Deployed]:
    """The stack of the examples; each test writes the stack file that it wants."""
    with deployed() as found:
        yield found


def secrets_of(value: object, key: str = "") -> Iterator[str]:
    """Yield every secret of a stack file."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from secrets_of(one, key or name)
    elif key.endswith("Secrets"):
        yield str(value)


def above(text: str) -> str:
    """Return what a page says above its diff, without how much stays as it is.

    Fingerprints in the diff and that number change with whatever is declared besides.
    """
    return re.sub(r", \d+ unchanged", "", text.partition("<details>")[0])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.page)
def test_the_page_of_a_change_is_what_the_program_makes(example: Example, it: Deployed) -> None:
    written = (PAGES / f"{example.page}.md").read_text(encoding="utf-8")
    assert above(page(example, it)) == above(written), "make previews writes the pages anew"


def test_every_page_has_its_example() -> None:
    assert {one.stem for one in PAGES.glob("*.md")} == {one.page for one in EXAMPLES}


def test_a_new_secret_is_a_change_that_nobody_sees(it: Deployed) -> None:
    parts = deepcopy(base())
    planted = "canary-of-the-smtp-password-0123456789"
    parts["ticketsSecrets"]["SMTP_PASSWORD"] = planted
    it.set(parts)
    shown, hidden = looked_at(it.engine)
    texts = [hidden.hide(as_form(shown, form)) for form in FORMS]
    assert "sistema_web" in texts[0]
    hidden_ones = [planted, *secrets_of(parts)]
    assert len(hidden_ones) > 8
    for text in texts:
        for one in hidden_ones:
            assert one not in text


def test_a_rule_that_is_broken_is_told_in_words_and_refuses_an_update(it: Deployed) -> None:
    parts = deepcopy(base())
    parts["tickets"] |= {"source": {"path": "/etc"}, "release_sha": "0123456789abcdef"}
    it.set(parts)
    found = look(it.engine, quiet=True)
    assert found.code == 1
    assert {(one.rule, one.resource) for one in found.violations} == {
        ("no-way-to-the-host", "sistema_web")
    }
    with pytest.raises(OpsError, match="mounts /etc of the host"):
        refuse(found, it.engine.stack)


def test_the_first_update_of_an_empty_stack_is_a_short_report() -> None:
    command = [sys.executable, "-m", "ops", "preview", "prod", "--without-secrets", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["code"] == 0
    titles = [one["title"] for one in report["sections"]]
    assert titles == ["First update: nothing of it runs yet", "Can it be undone", "Not shown"]
    assert sum(len(one["lines"]) for one in report["sections"]) < 40
