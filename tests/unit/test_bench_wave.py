"""A wave over sites in files: what it leaves at each, killed at any command or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from steps.scripts import bench_wave
from steps.scripts.bench_copies import MANIFEST
from steps.scripts.bench_tool import BenchError, read_json
from tests.unit.bench_in_memory import BAD, ROOT, KilledError, MemoryBench

if TYPE_CHECKING:
    from pathlib import Path

CANARY, CLOSED = "a.localhost", "c.localhost"
SITES = (CANARY, "b.localhost", BAD, CLOSED)


@pytest.fixture
def bench(tmp_path: Path) -> MemoryBench:
    return filled(tmp_path / "sites")


def filled(folder: Path) -> MemoryBench:
    made = MemoryBench(folder)
    for site in SITES:
        made.add(site, maintenance_mode=int(site == CLOSED))
    return made


def asked(bench: MemoryBench, **other: object) -> dict[str, Any]:
    given = {
        "release": "r2", "canary": CANARY, "only_canary": False, "batch": 1, "url": "",
        "on_failure": "continue", "site_limit_s": 9, "keep": 2,
        "copies": bench.sites.parent / "copies",
    }  # fmt: skip
    return {**given, **other}


def whole(bench: MemoryBench) -> dict[str, Any]:
    """The wave as the step takes it, with every job of it."""
    bench_wave.hold(bench, asked(bench))
    bench_wave.run(bench, asked(bench, only_canary=True))
    return bench_wave.run(bench, asked(bench))


def left(bench: MemoryBench) -> dict[str, Any]:
    """What a wave leaves, without the names of its copies."""
    wave = read_json(bench.sites / ".estate/wave.json")
    sites = {name: {**one, "copy": bool(one["copy"])} for name, one in wave["sites"].items()}
    configs = {site: bench.config(site) for site in SITES}
    return {"sites": sites, "configs": configs, "rows": {s: bench.rows(s) for s in SITES}}


def test_one_fails_and_is_restored_and_the_others_are_updated(bench: MemoryBench) -> None:
    answer = whole(bench)
    assert answer["updated"] == [CANARY, "b.localhost", CLOSED]
    assert list(answer["quarantined"]) == [BAD]
    reason = answer["quarantined"][BAD]
    assert "Patch x failed" in reason
    assert "restored, 3 rows" in reason
    assert ROOT not in reason
    assert bench.rows(BAD)["tabToDo"] == ["a", "b"]
    assert {s: bench.config(s)["maintenance_mode"] for s in SITES} == {
        CANARY: 0, "b.localhost": 0, BAD: 1, CLOSED: 1,
    }  # fmt: skip
    assert bench.config(BAD)["estate_quarantine"]["closed"] is False
    assert all("root_password" not in bench.common() for _ in SITES)


def test_only_a_restore_is_told_the_root_password(bench: MemoryBench) -> None:
    whole(bench)
    told = {word for word, seen in zip(bench.done, bench.seen, strict=True) if ROOT in str(seen)}
    assert told == {f"restore {BAD}"}


def test_killed_at_any_command_it_ends_as_if_it_had_not_been(
    bench: MemoryBench, tmp_path: Path
) -> None:
    whole(bench)
    wanted, commands = left(bench), len(bench.done)
    for number in range(1, commands + 1):
        killed = filled(tmp_path / str(number) / "sites")
        killed.killed_at = number
        with pytest.raises(KilledError):
            whole(killed)
        killed.killed_at = -1
        whole(killed)
        assert left(killed) == wanted, bench.done[number - 1]


def test_a_wave_that_stops_tries_no_other_site(bench: MemoryBench) -> None:
    bench_wave.hold(bench, asked(bench))
    answer = bench_wave.run(bench, asked(bench, on_failure="stop", canary=None))
    assert answer["updated"] == [CANARY, "b.localhost"]
    assert set(answer["quarantined"]) == {BAD, CLOSED}
    assert "not tried" in answer["quarantined"][CLOSED]
    assert bench.rows(CLOSED)["tabToDo"] == ["a", "b"]
    assert "migrate " + CLOSED not in bench.done
    assert bench.config(CLOSED)["estate_quarantine"]["closed"] is True


def test_after_a_canary_that_failed_every_site_is_as_before(bench: MemoryBench) -> None:
    before = {site: (bench.config(site), bench.rows(site)) for site in SITES}
    bench_wave.hold(bench, asked(bench, canary=BAD))
    assert all(bench.config(site)["maintenance_mode"] for site in SITES)
    answer = bench_wave.run(bench, asked(bench, canary=BAD, only_canary=True))
    assert answer["goes_back"]
    assert not answer["updated"]
    bench_wave.abandon(bench, asked(bench, canary=BAD))
    assert {site: (bench.config(site), bench.rows(site)) for site in SITES} == before


def test_a_canary_that_was_not_seen_from_outside_gets_its_data_back(bench: MemoryBench) -> None:
    bench_wave.hold(bench, asked(bench))
    bench_wave.run(bench, asked(bench, only_canary=True))
    assert "tabNew" in bench.rows(CANARY)
    bench_wave.abandon(bench, asked(bench))
    assert "tabNew" not in bench.rows(CANARY)
    assert bench.config(CANARY)["maintenance_mode"] == 0


def test_the_next_release_opens_a_site_that_was_in_quarantine(
    bench: MemoryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole(bench)
    monkeypatch.setattr(bench, "_migrate", lambda words: bench.put_rows(words[0], {"tabToDo": []}))
    answer = bench_wave.run(bench, asked(bench, release="r3"))
    assert not answer["quarantined"]
    assert "estate_quarantine" not in bench.config(BAD)
    assert (bench.config(BAD)["maintenance_mode"], bench.config(CLOSED)["maintenance_mode"]) == (
        0,
        1,
    )


def test_a_copy_that_was_damaged_is_not_restored_and_that_is_said(
    bench: MemoryBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damage(words: list[str]) -> None:
        for dump in (bench.sites.parent / "copies" / words[0]).glob("*/*.sql.gz"):
            dump.write_bytes(b"x")
        raise BenchError("failed")

    monkeypatch.setattr(bench, "_migrate", damage)
    reason = bench_wave.run(bench, asked(bench))["quarantined"][BAD]
    assert "NOT RESTORED" in reason
    assert "is not what it was" in reason


def test_only_the_last_copies_stay(bench: MemoryBench) -> None:
    copies = bench.sites.parent / "copies" / CANARY
    for number in range(4):
        folder = copies / f"2020010{number}T000000Z-r"
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text("{}")
    whole(bench)
    left_over = sorted(path.name for path in copies.iterdir())
    assert len(left_over) == 2
    assert left_over[-1].endswith("-r2")


def test_the_queue_is_never_emptied() -> None:
    one = "redis://redis:6379"
    with pytest.raises(BenchError, match="cache and queue are one"):
        bench_wave.forget_cache({"redis_cache": one, "redis_queue": one})
