"""Asks a stack's addresses, and compares the rest with the thresholds of its runbooks."""

import sys
from collections.abc import Iterator

from components.apps.tickets.layout import CONVEX_DATABASE, Names
from ops import addresses, copies_health
from ops.engine import Engine
from ops.finding import Finding, Level
from ops.hosts import estate_of, target_of
from ops.kept import all_kept
from ops.stacks import there, urls_of
from ops.table import table
from ops.vital_signs import LOG_LINES, Signs, Subject, read_signs
from settings import Estate, Tickets, Tools
from steps.context import Context
from steps.docker_host import connect
from steps.library_errors import translated

EXIT_ALERT = 8

_MIB = 2**20
_GIB = 2**30
_FREE = 0.10
"""A tenth of the disk: below it a copy of Convex and an image may no longer fit (guess)."""


def health(stack: str) -> int:
    """Print a table of thresholds; return 0, or 8 when one that alerts is passed.

    Raises:
        OpsError: the stack was never brought up, or its stack file has mistakes.
    """
    engine = there(stack)
    estate = estate_of(engine)
    found = [
        *addresses.findings(estate, urls_of(engine)),
        *_of_tickets(estate, stack),
        *_of_copies(estate, engine, stack),
    ]
    if not found:
        sys.stdout.write(f"stack {stack} has no system with thresholds\n")
        return 0
    sys.stdout.write(report(found, stack))
    return EXIT_ALERT if any(one.level is Level.ALERT for one in found) else 0


def _of_tickets(estate: Estate, stack: str) -> Iterator[Finding]:
    """Yield what the runbooks of tickets look at."""
    if estate.tickets is None or estate.tools is None:
        return
    host = estate.hosts[estate.tickets.host]
    with (
        connect(target_of(host), Context()) as client,
        translated(f"The health of stack {stack} is unknown.", state="Nothing was changed."),
    ):
        signs = read_signs(client, subject_of(estate.tickets, estate.tools))
    yield from findings(signs)


def _of_copies(estate: Estate, engine: Engine, stack: str) -> Iterator[Finding]:
    """Yield how old the copies of each application are."""
    if estate.tools is None:
        return
    there = all_kept(engine, estate)
    for settings in estate.applications().values():
        apps = {app: one for app, one in there.items() if app in settings.transactions()}
        host = estate.hosts[settings.host]
        for volume in sorted({one.plan.volume for one in apps.values()}):
            want = copies_health.wanted(
                apps, volume, settings, estate.copies, offsite=estate.offsite is not None
            )
            with (
                connect(target_of(host), Context()) as client,
                translated(f"The copies of stack {stack} are unknown.", state="Nothing changed."),
            ):
                found = copies_health.read(client, volume, estate.tools.image)
            yield from copies_health.findings(want, found)


def subject_of(tickets: Tickets, tools: Tools) -> Subject:
    """Return where to look for a system's signs; pure."""
    names = Names(tickets.name)
    return Subject(
        stack=names.stack,
        convex=names.convex,
        convex_volume=names.convex_volume,
        database=CONVEX_DATABASE,
        backup_volume=names.backup_volume,
        tools=tools.image,
    )


def findings(signs: Signs) -> Iterator[Finding]:
    """Judge each sign; pure. The numbers of Convex are those of the runbooks."""
    yield _size("memory of Convex", signs.memory, _GIB, 5 * _GIB, without="it does not run")
    yield _size("SQLite file of Convex", signs.database, 50 * _MIB, 200 * _MIB, without="none")
    yield Finding("out of memory, last 24 h", str(signs.oom_kills), "0", _any(signs.oom_kills))
    last = f"shape_inference, last {LOG_LINES} log lines"
    yield Finding(last, str(signs.shape_lines), "0", _any(signs.shape_lines))
    full = Level.ALERT if signs.free < _FREE else Level.OK
    yield Finding("free disk of Docker", f"{signs.free:.0%}", f"at least {_FREE:.0%}", full)


def report(found: list[Finding], stack: str) -> str:
    """Return a table for people; pure."""
    rows = [("sign", "found", "expected", "")]
    rows += [(one.sign, one.found, one.expected, one.level.value) for one in found]
    bad = sum(one.level is Level.ALERT for one in found)
    end = f"{bad} past its threshold: see docs/operate.md, Health" if bad else "no alert"
    return f"health of stack {stack}:\n{table(rows)}{end}\n"


def _size(sign: str, found: int | None, watch: int, alert: int, *, without: str) -> Finding:
    expected = f"under {_bytes(watch)}, alert over {_bytes(alert)}"
    if found is None:
        return Finding(sign, without, expected, Level.ALERT)
    level = Level.ALERT if found > alert else Level.WATCH if found > watch else Level.OK
    return Finding(sign, _bytes(found), expected, level)


def _any(count: int) -> Level:
    return Level.ALERT if count else Level.OK


def _bytes(number: int) -> str:
    if number >= _GIB:
        return f"{number / _GIB:.1f} GB".replace(".0 ", " ")
    return f"{number / _MIB:.0f} MB" if number >= _MIB else "under 1 MB"
