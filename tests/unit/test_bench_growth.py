"""What counts as growing too fast."""

from __future__ import annotations

from bench.growth import COLUMNS, faults, report


def measured(**seconds: tuple[float, float, float]) -> dict[int, dict[str, float]]:
    counts = (1, 10, 100)
    return {
        count: {column: seconds.get(column, (1, 1, 1))[at] for column in COLUMNS}
        for at, count in enumerate(counts)
    }


def test_growing_with_the_customers_is_allowed_and_faster_is_not() -> None:
    assert faults(measured(wave=(1, 10, 100), drift=(1, 13, 130))) == []
    (said,) = faults(measured(wave=(1, 10, 200)))
    assert said == "wave: 10 to 100 customers cost 20.0 times as much"


def test_one_more_costs_at_most_twice_as_much_among_many() -> None:
    assert faults(measured(add=(1, 5, 10))) == []
    (said,) = faults(measured(add=(1, 5, 11)))
    assert "adding one to 100 takes 2.2 times as long as to 10" in said


def test_the_first_installation_of_all_is_shown_and_not_judged() -> None:
    first = measured(fill=(1, 100, 100_000))
    assert faults(first) == []
    assert "| first `up` with them | 1.0 | 100.0 | 100000.0 |" in report(first)
