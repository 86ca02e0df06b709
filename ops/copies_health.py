"""How old the copies of a stack are: here, off the machine, and as a drill has last seen them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from docker import DockerClient

from ops.finding import Finding, Level, ago
from ops.kept import Kept
from ops.vital_signs import moment
from settings import Application, Erp
from settings import Copies as Ages

# Runs in the tools image beside the volume.
_PROBE = """
import json
def read(name, empty):
    try:
        return json.load(open("/backups/" + name))
    except FileNotFoundError:
        return empty
newest = {one["source"]: one["created"] for one in read("catalog.json", [])}
print(json.dumps({"newest": newest, "runs": read("runs.json", {}),
    "offsite": read("offsite.json", {}), "drills": read("drills.json", [])}))
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is expected of the copies of one volume.

    Attributes:
        volume: its name.
        apps: the transactions whose copies it holds.
        sources: databases that must have a copy.
        by_clock: whether copies are made besides those before releases.
        offsite: whether they go off the machine.
        max_age: of the newest copy.
        drill_age: of the last good drill.
    """

    volume: str
    apps: Sequence[str]
    sources: Sequence[str]
    by_clock: bool
    offsite: bool
    max_age: timedelta
    drill_age: timedelta


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What was found in one volume.

    Attributes:
        now: the host's own time.
        born: when the volume was made.
        newest: source → when its newest proven copy was made.
        runs: kind of run → how it ended last, and when one last did well.
        offsite: the last snapshot off the machine.
        drills: how drills ended, oldest first.
    """

    now: datetime
    born: datetime
    newest: Mapping[str, str]
    runs: Mapping[str, Any]
    offsite: Mapping[str, Any]
    drills: Sequence[Mapping[str, Any]]


def wanted(
    there: Mapping[str, Kept],
    volume: str,
    settings: Application,
    ages: Ages,
    *,
    offsite: bool,
) -> Wanted:
    """Return what is expected of one volume; pure.

    Args:
        there: application → its copies.
        volume: the volume.
        settings: of the application that owns it.
        ages: how old copies may get.
        offsite: whether they go off the machine.
    """
    apps = {app: one for app, one in there.items() if one.plan.volume == volume}
    sources = [source for one in apps.values() for source in one.plan.sources]
    sites = settings.active_sites() if isinstance(settings, Erp) else []
    return Wanted(
        volume=volume,
        apps=sorted(apps),
        sources=[*sites, *(one.name for one in sources if one.kind in {"sqlite", "postgres"})],
        by_clock=settings.schedule is not None,
        offsite=offsite,
        max_age=timedelta(seconds=ages.max_age.seconds),
        drill_age=timedelta(seconds=ages.drill_age.seconds),
    )


def read(client: DockerClient, volume: str, image: str) -> Copies:
    """Read what a volume of backups says of itself.

    Args:
        client: of the daemon beside it.
        volume: its name.
        image: with Python.
    """
    born = client.volumes.get(volume).attrs["CreatedAt"]
    printed = client.containers.run(
        image,
        ["python3", "-c", _PROBE],
        entrypoint=[],
        volumes={volume: {"bind": "/backups", "mode": "ro"}},
        network_mode="none",
        remove=True,
    )
    now = moment(client.info()["SystemTime"])
    return Copies(now=now, born=moment(str(born)), **json.loads(printed))


def findings(want: Wanted, found: Copies) -> Iterator[Finding]:
    """Judge the copies of one volume; pure."""
    yield _newest(want, found)
    if want.by_clock:
        yield _run(want, found)
    if want.offsite:
        yield _offsite(want, found)
    for app in want.apps:
        yield _drill(app, want, found)


def _newest(want: Wanted, found: Copies) -> Finding:
    """Judge the newest copy of each source, of which the oldest counts."""
    times = [found.newest.get(source) for source in want.sources]
    dated = [datetime.fromisoformat(time) for time in times if time]
    age = found.now - min(dated) if dated and len(dated) == len(times) else None
    return _aged(
        f"newest proven copy, {want.volume}",
        age,
        "not of each database",
        want.max_age,
        found,
        # Without a clock there is a copy for each release, and none is late.
        late=Level.ALERT if want.by_clock else Level.WATCH,
    )


def _run(want: Wanted, found: Copies) -> Finding:
    sign = f"last run by the clock, {want.volume}"
    failed = [one["last"] for one in found.runs.values() if not one["last"]["ok"]]
    expected = "no failure"
    if failed:
        return Finding(sign, f"failed: {failed[-1]['why'][:120]}", expected, Level.ALERT)
    last = found.runs.get("copies", {}).get("last")
    if last is None:
        return Finding(sign, "none yet", expected, Level.OK)
    told = f"{last['bytes']} bytes in {last['seconds']:.0f} s, {ago(_since(last['ended'], found))}"
    return Finding(sign, told, expected, Level.OK)


def _offsite(want: Wanted, found: Copies) -> Finding:
    newest = found.offsite.get("newest")
    age = _since(newest, found) if newest else None
    sign = f"newest copy off the machine, {want.volume}"
    return _aged(sign, age, "none", want.max_age, found)


def _drill(app: str, want: Wanted, found: Copies) -> Finding:
    good = [one["at"] for one in found.drills if one["ok"] and one["app"] == app]
    age = _since(good[-1], found) if good else None
    return _aged(f"last good drill, {app}", age, "none", want.drill_age, found)


def _aged(
    sign: str,
    age: timedelta | None,
    without: str,
    limit: timedelta,
    found: Copies,
    *,
    late: Level = Level.ALERT,
) -> Finding:
    """Judge an age; what a young volume lacks can still come."""
    expected = f"at most {limit.total_seconds() / 3600:.0f} h ago"
    if age is None:
        young = found.now - found.born <= limit
        return Finding(sign, without, expected, Level.WATCH if young else late)
    return Finding(sign, ago(age), expected, late if age > limit else Level.OK)


def _since(time: str, found: Copies) -> timedelta:
    return found.now - datetime.fromisoformat(time).astimezone(UTC)
