from __future__ import annotations

import pytest

from steps.prisma import explain

P3009 = """Error: P3009

migrate found failed migrations in the target database, new migrations will not be applied.
The `20261101120000_teams` migration started at 2026-11-22 10:00:00 UTC failed
"""
P3018 = """Error: P3018

A migration failed to apply. New migrations cannot be applied before the error is recovered from.

Migration name: 20261120_bad

Database error code: 1

Database error:
near "TABEL": syntax error
"""


def test_an_earlier_failed_migration_is_named_with_the_way_out() -> None:
    found = explain(P3009)
    assert found is not None
    assert found.code == "P3009"
    assert "20261101120000_teams failed in an earlier run" in found.why
    assert "prisma migrate resolve --rolled-back 20261101120000_teams" in found.todo


def test_a_migration_that_fails_now_is_named_with_the_databases_words() -> None:
    found = explain(P3018)
    assert found is not None
    assert found.code == "P3018"
    assert "20261120_bad" in found.why
    assert 'near "TABEL": syntax error' in found.why


@pytest.mark.parametrize("code", ["P1001", "P1002"])
def test_a_database_that_does_not_answer_is_said(code: str) -> None:
    found = explain(f"Error: {code}: something")
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("log", ["", "all migrations applied", "P2002", "XP3009Y"])
def test_other_logs_have_no_explanation(log: str) -> None:
    assert explain(log) is None
