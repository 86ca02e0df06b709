"""The same report for a terminal, a pull request and a program."""

import json
from dataclasses import replace

import pytest

from ops.preview.command import Form, as_form
from ops.preview.events import Violation
from ops.preview.fields import Field
from ops.preview.report import Difference, Report, Section
from ops.preview.shown import LONGEST, as_markdown, as_text

CHANGED = Difference(
    op="update",
    kind="Service",
    name="web",
    fields=(Field(path="image", old=f'"a@sha256:{"1" * 64}"', new=f'"a@sha256:{"2" * 64}"'),),
)
NEW = Difference(
    op="create", kind="Network", name="net", fields=(Field(path="driver", old=None, new='"o"'),)
)
REPORT = Report(
    stack="prod",
    verdict="1 changed",
    problems=(),
    warnings=("placeholders",),
    violations=(
        Violation(
            rule="healthcheck", resource="web", text="has none.\nGive it one", mandatory=True
        ),
        Violation(rule="style", resource="web", text="is ugly", mandatory=False),
    ),
    sections=(Section(title="Data", lines=("`web`: **deleted with its data**",)),),
    diff=(CHANGED, NEW),
    code=0,
)


def test_for_a_terminal() -> None:
    assert as_text(REPORT, with_diff=False) == (
        "preview of stack prod: 1 changed\n"
        "\n"
        "Rules broken:\n"
        "  healthcheck by web: has none.\n"
        "    Give it one\n"
        "  advice: style by web: is ugly\n"
        "\n"
        "Warnings:\n"
        "  placeholders\n"
        "\n"
        "Data:\n"
        "  web: deleted with its data\n"
        "\n"
        "full diff:\n"
        "~ Service web\n"
        '    image: "a@sha256:111111111111…" → "a@sha256:222222222222…"\n'
        "+ Network net\n"
    )


def test_every_field_of_what_is_new_is_shown_when_it_is_asked_for() -> None:
    assert as_text(REPORT, with_diff=True).endswith('+ Network net\n    driver: "o"\n')


def test_a_first_update_shows_its_diff_only_when_it_is_asked_for() -> None:
    first = replace(REPORT, diff=(NEW,))
    assert "full diff" not in as_text(first, with_diff=False)
    assert "full diff" in as_text(first, with_diff=True)


def test_for_a_pull_request() -> None:
    assert as_markdown(REPORT) == (
        "<!-- estate preview of prod -->\n"
        "### Preview of stack `prod`: 1 changed\n"
        "\n"
        "**Rules broken**\n"
        "\n"
        "- `healthcheck` by `web`: has none.\n"
        "  Give it one\n"
        "- advice: `style` by `web`: is ugly\n"
        "\n"
        "**Warnings**\n"
        "\n"
        "- placeholders\n"
        "\n"
        "**Data**\n"
        "\n"
        "- `web`: **deleted with its data**\n"
        "\n"
        "<details><summary>full diff</summary>\n"
        "\n"
        "```\n"
        "~ Service web\n"
        '    image: "a@sha256:111111111111…" → "a@sha256:222222222222…"\n'
        "+ Network net\n"
        '    driver: "o"\n'
        "```\n"
        "\n"
        "</details>\n"
    )


def test_a_diff_cannot_leave_its_fold() -> None:
    hostile = replace(CHANGED, fields=(Field(path="x", old=None, new='"```\\n</details> ````"'),))
    shown = as_markdown(replace(REPORT, diff=(hostile,)))
    assert shown.count("`````\n") == 2
    assert shown.endswith("`````\n\n</details>\n")


@pytest.mark.parametrize("lines", [3, 5000])
def test_a_long_report_fits_into_a_comment(lines: int) -> None:
    long = tuple(replace(CHANGED, name=f"service-{number}") for number in range(lines))
    many = Section(title="Tenants", lines=("`acme`: new",) * lines)
    for report in (replace(REPORT, diff=long), replace(REPORT, sections=(many,) * 40, diff=long)):
        shown = as_markdown(report)
        assert len(shown) <= LONGEST + 200
        assert shown.startswith("<!-- estate preview of prod -->\n")
        assert shown.endswith("</details>\n")
        assert ("lines more" in shown) == (lines > 3)


def test_a_long_value_is_cut() -> None:
    long = replace(CHANGED, fields=(Field(path="x", old=None, new="y" * 500),))
    assert "y" * 159 + "…\n" in as_text(replace(REPORT, diff=(long,)), with_diff=True)


@pytest.mark.parametrize("form", ["text", "diff", "markdown", "json"])
def test_each_form_tells_the_same(form: Form) -> None:
    shown = as_form(REPORT, form)
    for said in ("prod", "1 changed", "healthcheck", "Give it one", "placeholders", "web", "Data"):
        assert said in shown


def test_for_a_program_nothing_is_cut() -> None:
    found = json.loads(as_form(REPORT, "json"))
    assert found["code"] == 0
    assert found["diff"][0]["fields"][0]["old"] == f'"a@sha256:{"1" * 64}"'
    assert found["sections"][0] == {"title": "Data", "lines": ["`web`: **deleted with its data**"]}
