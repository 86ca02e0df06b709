"""Copies of sites: what counts as equal to a site in use, and what a restored one is told."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from steps.scripts import site_copies, site_restore
from steps.scripts.bench_tool import BenchError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "20261129_031700-acme_localhost-database.sql.gz",
    "20261129_031700-acme_localhost-files.tar",
    "20261129_031700-acme_localhost-private-files.tar",
    "20261129_031700-acme_localhost-site_config_backup.json",
]


@pytest.mark.parametrize(
    ("before", "after", "found", "unlike"),
    [
        ({"a": 3}, {"a": 3}, {"a": 3}, []),
        ({"a": 3}, {"a": 3}, {"a": 2}, ["a"]),
        ({"a": 3}, {"a": 5}, {"a": 4}, []),
        ({"a": 5}, {"a": 3}, {"a": 6}, ["a"]),
        ({"a": 3, "b": 1}, {"a": 3, "b": 1}, {"a": 3}, ["b"]),
        ({"a": 3}, {"a": 3}, {"a": 3, "c": 0}, ["c"]),
        # A table that came, or went, while the copy was made.
        ({}, {"new": 4}, {"new": 2}, []),
        ({"old": 4}, {}, {"old": 4}, []),
        ({}, {"new": 4}, {"new": 5}, ["new"]),
    ],
)
def test_a_copy_of_a_site_in_use_lies_between_two_counts(
    before: dict[str, int], after: dict[str, int], found: dict[str, int], unlike: list[str]
) -> None:
    assert site_copies.strangers(before, after, found) == unlike


def laid(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).write_bytes(b"x")
    dump = folder / NAMES[0]
    if dump.exists():
        dump.write_bytes(gzip.compress(b"CREATE TABLE a;\n-- Dump completed on 2026-11-29\n"))
    return folder


def test_the_parts_are_told_apart_by_their_ends(tmp_path: Path) -> None:
    found = site_copies.parts_of(laid(tmp_path, NAMES))
    assert {part: path.name for part, path in found.items()} == {
        "database": NAMES[0],
        "public": NAMES[1],
        "private": NAMES[2],
        "config": NAMES[3],
    }


@pytest.mark.parametrize("missing", NAMES)
def test_a_copy_without_one_of_its_parts_is_refused(tmp_path: Path, missing: str) -> None:
    laid(tmp_path, [name for name in NAMES if name != missing])
    with pytest.raises(BenchError, match="0 files"):
        site_copies.parts_of(tmp_path)


def test_a_torn_dump_is_refused(tmp_path: Path) -> None:
    laid(tmp_path, NAMES)
    (tmp_path / NAMES[0]).write_bytes(gzip.compress(b"CREATE TABLE a;\nINSERT"))
    with pytest.raises(BenchError, match="not whole"):
        site_copies.parts_of(tmp_path)


def test_a_restored_site_keeps_its_own_words_and_gets_the_key_of_its_data() -> None:
    live = {"db_name": "_new", "db_password": "p", "encryption_key": "now", "limit": 7}
    copied = {"db_name": "_old", "encryption_key": "then", "limit": 5}
    assert site_restore.carried(live, copied) == {"limit": 7, "encryption_key": "then"}
    assert site_restore.carried(copied, copied) == {"limit": 5, "encryption_key": "then"}
    assert site_restore.carried({}, {}) == {}


def test_a_site_in_quarantine_is_open_again_unless_it_was_closed_before() -> None:
    for closed in (0, 1):
        held = {"maintenance_mode": 1, "estate_quarantine": {"reason": "x", "closed": closed}}
        assert site_restore.carried(held, {}) == {"maintenance_mode": closed}
