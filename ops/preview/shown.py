"""A report as text for a terminal, and as Markdown for a pull request. Pure."""

import re
from collections.abc import Iterable, Iterator

from ops.preview.report import Difference, Report

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_LONGEST = 160
"""Characters of a value in the diff; what is longer tells a person nothing more."""
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_FENCE = re.compile(r"`{3,}")
LONGEST = 65_000
"""Characters of the Markdown; a comment on GitHub takes 65,536."""
_WORDS_OF_A_CUT = 80
MARK = "<!-- estate preview of {stack} -->"
"""First line of the Markdown, by which a comment is found again."""


def as_text(report: Report, *, with_diff: bool) -> str:
    """Return the report for a terminal.

    Args:
        report: the report.
        with_diff: whether every field of what is new is shown too; else only its name.
    """
    lines = [f"preview of stack {report.stack}: {report.verdict}"]
    for title, answers in _parts(report):
        lines += ["", f"{title}:", *(f"  {_plain(one)}" for one in answers)]
    if report.diff and (with_diff or not _is_first(report)):
        lines += ["", "full diff:", *diff_lines(report.diff, created=with_diff)]
    return "\n".join([*lines, ""])


def as_markdown(report: Report) -> str:
    """Return the report for a pull request, with the diff folded; what GitHub takes at most."""
    lines = [MARK.format(stack=report.stack)]
    lines += [f"### Preview of stack `{report.stack}`: {report.verdict}"]
    for title, answers in _parts(report):
        lines += ["", f"**{title}**", "", *(f"- {_indented(one)}" for one in answers)]
    text = "\n".join(_fitting(lines, LONGEST)) + "\n"
    if not report.diff:
        return text
    return text + _folded(list(diff_lines(report.diff, created=not _is_first(report))), len(text))


def diff_lines(diff: Iterable[Difference], *, created: bool) -> Iterator[str]:
    """Yield the full diff.

    Args:
        diff: of each resource.
        created: whether the fields of what is new are shown.
    """
    for one in diff:
        yield f"{_SIGNS[one.op]} {one.kind} {one.name}"
        if one.op == "create" and not created:
            continue
        for field in one.fields:
            if one.op == "create":
                yield f"    {field.path}: {_cut(field.new)}"
            else:
                yield f"    {field.path}: {_cut(field.old)} → {_cut(field.new)}"


def _parts(report: Report) -> Iterator[tuple[str, list[str]]]:
    if report.violations:
        yield (
            "Rules broken",
            [
                f"{'' if one.mandatory else 'advice: '}`{one.rule}` by `{one.resource}`: {one.text}"
                for one in report.violations
            ],
        )
    if report.problems:
        yield "Problems", list(report.problems)
    if report.warnings:
        yield "Warnings", list(report.warnings)
    for section in report.sections:
        yield section.title, list(section.lines)


def _is_first(report: Report) -> bool:
    return all(one.op == "create" for one in report.diff)


def _folded(lines: list[str], used: int) -> str:
    fence = "`" * max(3, 1 + max((len(one) for one in _FENCE.findall("\n".join(lines))), default=0))
    head = f"\n<details><summary>full diff</summary>\n\n{fence}\n"
    tail = f"\n{fence}\n\n</details>\n"
    room = LONGEST - used - len(head) - len(tail)
    return head + "\n".join(_fitting(lines, room)) + tail


def _fitting(lines: list[str], room: int) -> list[str]:
    """Return as many lines as fit into some characters, and how many do not."""
    left = room - _WORDS_OF_A_CUT
    for index, line in enumerate(lines):
        left -= len(line) + 1
        if left < 0:
            return [*lines[:index], f"… {len(lines) - index} lines more: make preview shows them"]
    return lines


def _plain(line: str) -> str:
    """Return a line without its marks, its later lines indented."""
    return line.replace("**", "").replace("`", "").replace("\n", "\n    ")


def _indented(line: str) -> str:
    return line.replace("\n", "\n  ")


def _cut(text: str | None) -> str:
    if text is None:
        return "nothing"
    text = _DIGEST.sub(r"\1…", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
