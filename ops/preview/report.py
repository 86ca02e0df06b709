"""The report of a preview: one model for the terminal, a pull request and programs. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops.preview.data import Kept, touched, undoing
from ops.preview.events import Change, Look, Violation
from ops.preview.fields import Field
from ops.preview.first import first
from ops.preview.names import names
from ops.preview.restarts import noticed, restarting
from ops.preview.tenants import tenants
from ops.preview.transactions import Transaction, other_steps, own_fields, transactions

_OPS = {"create": "new", "update": "changed", "replace": "made anew", "delete": "removed"}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question and its answers.

    Attributes:
        title: the question, in a word or two.
        lines: the answers, with names between backquotes and what is grave between `**`.
    """

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One resource of the full diff.

    Attributes:
        op: `create`, `update`, `replace` or `delete`.
        kind: last part of its type, such as `Service`.
        name: what the stack calls it.
        fields: which differ.
    """

    op: str
    kind: str
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an update would do, for people.

    Attributes:
        stack: its name.
        verdict: all of it in one line.
        problems: why it could not be looked at, or would be refused.
        warnings: what is not as it should be.
        violations: broken rules.
        sections: the questions that have an answer.
        diff: everything that differs.
        code: exit code of the command.
    """

    stack: str
    verdict: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    violations: tuple[Violation, ...]
    sections: tuple[Section, ...]
    diff: tuple[Difference, ...]
    code: int


def report(
    stack: str, look: Look, *, kept: Kept | None = None, not_shown: Sequence[str] = ()
) -> Report:
    """Return the report of a preview.

    Args:
        stack: its name.
        look: what the engine said.
        kept: backups that there are, as far as they could be asked for.
        not_shown: what this report could not look at, and why.
    """
    found = transactions(look)
    answers: Mapping[str, Sequence[str]] = _answers(look, found, kept or {})
    sections = [Section(title=title, lines=tuple(lines)) for title, lines in answers.items()]
    sections.append(Section(title="Not shown", lines=tuple(not_shown)))
    return Report(
        stack=stack,
        verdict=_verdict(look, found),
        problems=_problems(look),
        warnings=look.warnings,
        violations=look.violations,
        sections=tuple(one for one in sections if one.lines),
        diff=tuple(map(_difference, look.changes)),
        code=look.code,
    )


def _answers(look: Look, found: Sequence[Transaction], kept: Kept) -> Mapping[str, Sequence[str]]:
    undone = undoing(look, found)
    if look.is_first:
        return {
            "First update: nothing of it runs yet": first(look, found),
            "Can it be undone": undone,
        }
    return {
        "Releases": [_released(one) for one in found],
        "Restarts": restarting(look, found),
        "Users notice": noticed(look, found) or (["nothing"] if look.changes else []),
        "Data": touched(look, found, kept) or (["not touched"] if look.changes else []),
        "DNS names and certificates": names(look),
        "Tenants": tenants(look),
        "Steps besides releases": [f"`{name}`" for name in other_steps(look)],
        "Can it be undone": undone,
    }


def _problems(look: Look) -> tuple[str, ...]:
    """Return the errors, those of protected resources as one with what to do about it."""
    kept = [one.urn for one in look.changes if one.protected and one.op in {"delete", "replace"}]
    if not kept:
        return look.errors
    others = [one for one in look.errors if not any(urn in one for urn in kept)]
    names_of = ", ".join(f"`{urn.rpartition('::')[2]}`" for urn in kept)
    todo = "\n".join(f"pulumi state unprotect '{urn}'" for urn in kept)
    told = (
        f"protected, so an update refuses to take them away: {names_of}. To have the stack forget "
        f"them on purpose (volumes stay on the host with their data):\n{todo}"
    )
    return (*others, told)


def _released(one: Transaction) -> str:
    runs = ", ".join(one.runs)
    if one.before == one.release:
        return f"{one.app}: `{one.release}` again: {runs}"
    was = "the first" if one.before is None else f"was `{one.before}`"
    return f"{one.app}: `{one.release}` ({was}), {one.mode}: {runs}"


def _verdict(look: Look, found: Sequence[Transaction]) -> str:
    if look.code and not look.violations:
        return "this could not be previewed; nothing was changed"
    if look.code:
        return f"an update is refused: {_counted(len(look.violations), 'rule')} broken"
    if not look.changes:
        return "nothing changes"
    counts = Counter(change.op for change in look.changes if change.kind != "Command")
    parts = [f"{counts[op]} {word}" for op, word in _OPS.items() if counts[op]]
    runs = sum(len(one.runs) for one in found) + len(other_steps(look))
    if runs:
        parts.append(f"{_counted(runs, 'step')} to run")
    return ", ".join([*parts, f"{look.unchanged} unchanged"])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _difference(change: Change) -> Difference:
    found = () if change.op == "delete" else tuple(own_fields(change))
    return Difference(op=change.op, kind=change.kind, name=change.name, fields=found)
