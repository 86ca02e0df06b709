"""Takes a release through the sites of a bench, inside one-shot jobs on the new image.

What became of each site is written down on the volume of the sites before and after each thing
that is done to it, so that a run that was killed is gone on with.
"""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from steps.scripts import bench_copies, wave_plan
from steps.scripts.bench_sites import QUARANTINE
from steps.scripts.bench_tool import OURS, BenchError, read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from steps.scripts.bench_tool import Bench
    from steps.scripts.wave_plan import Site, Wave

QUICK_S = 300.0
ANSWER_S = 10
TRIES = 6
REASON = 400
"""Characters of a reason that are kept: a report has room for a line or two of each site."""
Bag = dict[str, Any]


@dataclass(kw_only=True)
class Progress:
    """The wave as it is written down.

    Attributes:
        path: where.
        wave: what stands there.
    """

    path: Path
    wave: Wave
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, site: Site) -> Site:
        """Write down where a site stands; return that."""
        with self.lock:
            self.write(self.wave.put(name, site))
        return site

    def write(self, wave: Wave) -> None:
        """Write down the whole wave."""
        write_json(self.path, wave_plan.dump(wave))
        self.wave = wave


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a site's turn needs besides the site.

    Attributes:
        bench: the bench.
        progress: what is written down.
        copies: folder of the copies.
        asked: what the step wants.
    """

    bench: Bench
    progress: Progress
    copies: Path
    asked: Bag

    def take(self, name: str) -> None:
        """Do what is missing at a site; it is updated or in quarantine afterwards."""
        site = self.progress.wave.sites[name]
        missing = wave_plan.work(site)
        try:
            if missing == "again":
                _say(f"{name}: an earlier run was killed here; its copy comes back first")
                self.restore(name, site)
            if missing in {"whole", "again"}:
                site = self._migrate(name, site)
        except (BenchError, OSError) as error:
            reason = self.bench.hide(str(error))[-REASON:]
            # Looked up anew: only a site whose migration has begun has anything to restore.
            site = self.progress.wave.sites[name]
            begun = site.status in {"migrating", "restoring"}
            status: wave_plan.Status = "restoring" if begun else "quarantined"
            site = self.progress.put(name, replace(site, status=status, reason=reason))
            _say(f"{name}: failed")
        if site.status == "restoring":
            site = self._give_up(name, site)
        if site.status == "quarantined":
            self.close_off(name, site)

    def _migrate(self, name: str, site: Site) -> Site:
        """Copy, migrate, open and ask a site.

        Raises:
            BenchError: one of these failed.
        """
        limit_s = self.asked["site_limit_s"]
        site = self.progress.put(name, replace(site, status="copying", reason=""))
        release = self.asked["release"]
        copy = bench_copies.take(self.bench, name, release, self.copies, limit_s=limit_s)
        site = self.progress.put(name, replace(site, status="migrating", copy=copy.name))
        self.bench.run("--site", name, "migrate", limit_s=limit_s)
        self.bench.run("--site", name, "clear-cache", limit_s=QUICK_S)
        self.bench.set_config(name, {QUARANTINE: None, "maintenance_mode": int(site.closed)})
        if self.asked["url"] and not site.closed:
            ask(self.asked["url"], name)
        site = self.progress.put(name, replace(site, status="updated"))
        bench_copies.forget(self.copies, name, self.asked["keep"])
        _say(f"{name}: updated")
        return site

    def restore(self, name: str, site: Site) -> int:
        """Bring a site's copy back; return how many rows that is.

        Raises:
            BenchError: it could not be restored.
        """
        self.bench.set_config(name, {"maintenance_mode": 1})
        folder = self.copies / name / site.copy
        return bench_copies.put_back(self.bench, name, folder, limit_s=self.asked["site_limit_s"])

    def _give_up(self, name: str, site: Site) -> Site:
        """Restore a site that failed; return it in quarantine, restored or not."""
        try:
            rows = self.restore(name, site)
        except (BenchError, OSError) as error:
            why = self.bench.hide(str(error))[-REASON:]
            note = f"NOT RESTORED ({why}); its copy: {self.copies / name / site.copy}"
        else:
            note = f"restored, {rows} rows"
        reason = f"{site.reason}\n{note}"
        return self.progress.put(name, replace(site, status="quarantined", reason=reason))

    def close_off(self, name: str, site: Site) -> None:
        """Keep a site closed, and note at it why."""
        noted = {"release": self.asked["release"], "reason": site.reason, "closed": site.closed}
        self.bench.set_config(name, {"maintenance_mode": 1, QUARANTINE: noted})
        _say(f"{name}: in quarantine")


def hold(bench: Bench, asked: Bag) -> Bag:
    """Close every site, and write down which were closed before."""
    progress = _progress(bench, asked)
    for name, site in progress.wave.sites.items():
        if site.status not in wave_plan.FINAL:
            bench.set_config(name, {"maintenance_mode": 1})
    return _answer(progress.wave)


def run(bench: Bench, asked: Bag) -> Bag:
    """Take the canary, or all others in batches, through the release.

    Args:
        bench: the bench.
        asked: `release`, `canary`, `only_canary`, `batch`, `on_failure`, `url`, `site_limit_s`,
            `keep`, `copies`.
    """
    bench.forget_passwords()
    progress = _progress(bench, asked)
    turn = Turn(bench=bench, progress=progress, copies=asked["copies"], asked=asked)
    forget_cache(bench.common())
    while sites := wave_plan.turn(progress.wave, asked["canary"], asked["batch"]):
        if asked["only_canary"] and sites != (asked["canary"],):
            break
        with ThreadPoolExecutor(len(sites)) as pool:
            list(pool.map(turn.take, sites))
        if asked["on_failure"] == "stop" and progress.wave.with_status("quarantined"):
            progress.write(wave_plan.halted(progress.wave))
            break
    for name, site in progress.wave.with_status("quarantined").items():
        noted = bench.config(name).get(QUARANTINE) or {}
        if noted.get("release") != asked["release"]:
            turn.close_off(name, site)
    return _answer(progress.wave)


def abandon(bench: Bench, asked: Bag) -> Bag:
    """Put every site back to what it was: restore what was migrated, open what was open.

    Raises:
        BenchError: a site could not be restored.
    """
    progress = _progress(bench, asked)
    turn = Turn(bench=bench, progress=progress, copies=asked["copies"], asked=asked)
    for name, site in progress.wave.sites.items():
        if site.status in {"migrating", "restoring", "updated"} or "NOT RESTORED" in site.reason:
            rows = turn.restore(name, site)
            _say(f"{name}: restored, {rows} rows")
        closed = {"maintenance_mode": int(site.closed or bool(site.noted))}
        bench.set_config(name, {**closed, QUARANTINE: site.noted or None})
        progress.put(name, wave_plan.put_back(site))
    forget_cache(bench.common())
    progress.path.unlink()
    return _answer(progress.wave)


def ask(url: str, site: str) -> None:
    """Ask for a site on the private network, as the proxy would.

    Raises:
        BenchError: it does not answer 200.
    """
    parts, seen = urlsplit(url), ""
    for _ in range(TRIES):
        connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_S)
        try:
            connection.request("GET", parts.path, headers={"Host": site})
            answer = connection.getresponse()
            if answer.status == 200:  # noqa: PLR2004 - HTTP
                return
            seen = f"HTTP {answer.status}: {answer.read(200).decode(errors='replace')}"
        except OSError as error:
            seen = str(error)
        finally:
            connection.close()
        threading.Event().wait(1)
    raise BenchError(f"{site} does not answer after its migration: {seen}")


def forget_cache(common: Bag) -> None:
    """Empty the cache, which on version 15 keeps the assets' names of the old image.

    Raises:
        BenchError: the cache is also a queue, or does not answer.
    """
    cache, queue = common.get("redis_cache"), common.get("redis_queue")
    if not cache:
        return
    if cache == queue:
        raise BenchError("cache and queue are one Redis: its jobs would be lost, nothing was done")
    parts = urlsplit(str(cache))
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 6379), ANSWER_S) as to:
            to.sendall(b"FLUSHALL\r\n")
            said = to.recv(100)
    except OSError as error:
        raise BenchError(f"the cache {cache} does not answer: {error}") from None
    if not said.startswith(b"+OK"):
        raise BenchError(f"the cache {cache} was not emptied: {said.decode(errors='replace')}")


def _progress(bench: Bench, asked: Bag) -> Progress:
    """Read what is written down, and go on with it or begin anew."""
    path = bench.sites / OURS / "wave.json"
    earlier = read_json(path)
    found = {name: _found(bench.config(name)) for name in bench.names()}
    wave = wave_plan.begin(asked["release"], found, wave_plan.load(earlier) if earlier else None)
    progress = Progress(path=path, wave=wave)
    progress.write(wave)
    return progress


def _found(config: Bag) -> wave_plan.Found:
    closed = bool(config.get("maintenance_mode"))
    return wave_plan.Found(closed=closed, quarantine=config.get(QUARANTINE) or {})


def _answer(wave: Wave) -> Bag:
    return {
        "sites": len(wave.sites),
        "updated": sorted(wave.with_status("updated")),
        "quarantined": {n: one.reason for n, one in wave.with_status("quarantined").items()},
        "goes_back": wave_plan.goes_back(wave),
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
