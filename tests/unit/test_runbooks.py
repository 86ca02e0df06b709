"""docs/runbooks.md has one row for each requirement, and names only what exists."""

import re
import types
import typing
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

import settings

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "docs" / "runbooks.md"

REQUIREMENTS = [
    *(f"T-{n:03d}" for n in range(1, 148)),
    *(f"C-{n:02d}" for n in range(1, 50)),
    *(f"E-{n:02d}" for n in range(1, 64)),
    *(f"H-{n:02d}" for n in range(1, 32)),
]
DECISIONS = [f"X-{n:02d}" for n in range(1, 22)] + [f"G-{n:02d}" for n in range(1, 17)]
KINDS = {"resource", "step", "setting", "check", "document", "out of scope"}

# How many rows of each system the runbooks' own ledger marks as risky or contradictory.
RISKY = {"T": 67, "C": 24, "E": 23, "H": 13}
MAX_WORDS = 12

QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: its identifier and the cells after it."""

    id: str
    cells: tuple[str, ...]

    @property
    def where(self) -> str:
        """The cell that says where the requirement lives now."""
        return self.cells[2]


def read_rows(text: str) -> list[Row]:
    """Return every table line that starts with an identifier such as T-001."""
    found = []
    for line in text.splitlines():
        if re.match(r"\| [A-Z]-\d+ \|", line):
            head, *rest = (cell.strip() for cell in line.strip().strip("|").split(" | "))
            found.append(Row(id=head, cells=tuple(rest)))
    return found


ROWS = read_rows(LEDGER.read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
PLACES = sorted({name for row in ROWS for name in QUOTED.findall(row.where)})


def alternatives(annotation: object) -> list[object]:
    """Return the types a value may have, past Annotated, Optional and unions."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return alternatives(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return [kind for arm in typing.get_args(annotation) for kind in alternatives(arm)]
    return [] if annotation is type(None) else [annotation]


def step_into(annotation: object, name: str) -> list[object]:
    """Return the types below `annotation` at the key `name`; empty when there is no such key."""
    below: list[object] = []
    for kind in alternatives(annotation):
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            below += [
                field.annotation
                for attribute, field in kind.model_fields.items()
                if name in {attribute, field.alias, field.validation_alias}
            ]
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            below.append(arguments[1])
    return below


def setting_exists(name: str) -> bool:
    """Say whether `estate:key.field.field` is a key that the stack file may have."""
    key, *path = name.removeprefix("estate:").split(".")
    attribute = re.sub(r"(?<=[a-z])[A-Z]", lambda letter: "_" + letter[0].lower(), key)
    reached: list[object] = step_into(settings.Estate, attribute)
    for part in path:
        reached = [kind for parent in reached for kind in step_into(parent, part)]
    return key in settings.KEYS and bool(reached)


def reference_exists(name: str) -> bool:
    """Say whether a make target, a setting or a path of this repository is there."""
    if name.startswith("make "):
        return name.split()[1] in TARGETS
    if name.startswith("estate:"):
        return setting_exists(name)
    path = ROOT / name
    # A folder without files is none: git does not keep it.
    return any(path.glob("*.*")) if name.endswith("/") else path.is_file()


@pytest.mark.parametrize("identifier", REQUIREMENTS + DECISIONS)
def test_each_requirement_and_decision_has_exactly_one_row(identifier: str) -> None:
    assert Counter(row.id for row in ROWS)[identifier] == 1


def test_no_row_has_an_unknown_identifier() -> None:
    assert {row.id for row in ROWS} <= {*REQUIREMENTS, *DECISIONS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_each_row_is_complete(row: Row) -> None:
    assert all(row.cells)
    assert QUOTED.search(row.where), "names no place"
    if row.id in DECISIONS:
        assert len(row.cells) == len(("decision", "why", "where"))
        return
    requirement, kind, _, risk = row.cells
    assert len(requirement.split()) <= MAX_WORDS
    assert kind in KINDS
    assert re.fullmatch(r"—|(removed|kept): .+", risk)


@pytest.mark.parametrize("system", RISKY)
def test_each_risk_of_the_runbooks_is_answered(system: str) -> None:
    answered = [row.id for row in ROWS if row.id[0] == system and row.cells[3] != "—"]
    assert len(answered) == RISKY[system]


@pytest.mark.parametrize("name", PLACES)
def test_each_place_that_a_row_names_exists(name: str) -> None:
    named_by = [row.id for row in ROWS if f"`{name}`" in row.where]
    assert reference_exists(name), f"{name} does not exist; named by {', '.join(named_by)}"


@pytest.mark.parametrize(
    "name",
    [
        "docs/no-such-page.md",
        "no-such-folder/",
        "docs",
        "make no-such-target",
        "estate:nothing",
        "estate:tickets.no_such_field",
        "estate:tickets.web.no_such_field",
        "estate:tickets.name.deeper",
    ],
)
def test_a_place_that_does_not_exist_is_noticed(name: str) -> None:
    assert not reference_exists(name)


def test_a_setting_is_found_through_models_and_named_hosts() -> None:
    assert setting_exists("estate:tickets.web.domain")
    assert setting_exists("estate:hosts.*.address")
