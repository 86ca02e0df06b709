"""A wave: the order in which a release reaches the sites, and what became of each. Pure.

A site is held (closed to its users) from the beginning until its turn. Its turn: it is copied,
migrated, opened and asked. One that fails is restored from that copy and put in quarantine: it
stays closed, with its data of before, until the next release tries it again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Status = Literal["held", "copying", "migrating", "restoring", "updated", "quarantined"]
"""In this order, except that `updated` follows `migrating` when all went well."""
FINAL = frozenset({"updated", "quarantined"})

Work = Literal["whole", "again", "restore", "nothing"]
"""What is missing: all of it; all of it once its copy is back; only that its copy comes back."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where one site stands.

    Attributes:
        status: of the wave.
        closed: whether it was closed before, and stays so.
        copy: folder of the copy from before its migration.
        reason: why it is restored or in quarantine.
        noted: what an earlier wave noted of its quarantine, until it is out of it.
    """

    status: Status = "held"
    closed: bool = False
    copy: str = ""
    reason: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A site as a wave finds it.

    Attributes:
        closed: whether its users are kept out.
        quarantine: what an earlier wave noted: `release`, `reason` and `closed`, or nothing.
    """

    closed: bool
    quarantine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wave:
    """One release on its way through the sites."""

    release: str
    sites: Mapping[str, Site] = field(default_factory=dict)

    def put(self, name: str, site: Site) -> Wave:
        """Return the wave with one site changed."""
        return replace(self, sites={**self.sites, name: site})

    def with_status(self, *wanted: Status) -> dict[str, Site]:
        """Return the sites that stand at one of some places."""
        return {name: one for name, one in self.sites.items() if one.status in wanted}


def begin(release: str, found: Mapping[str, Found], earlier: Wave | None) -> Wave:
    """Return the wave to go on with: that of a killed run, or a new one over all sites.

    Args:
        release: what is released.
        found: every site there is.
        earlier: the last wave there was.
    """
    before = earlier.sites if earlier is not None else {}
    same = earlier is not None and earlier.release == release
    sites = {}
    for name, one in sorted(found.items()):
        known = before.get(name)
        sites[name] = known if same and known is not None else _taken_up(one, known)
    return Wave(release=release, sites=sites)


def _taken_up(found: Found, known: Site | None) -> Site:
    """Return a site at the beginning of a wave; a migration that was killed is undone first."""
    if known is None or known.status in FINAL:
        noted = found.quarantine
        return Site(closed=bool(noted["closed"]) if noted else found.closed, noted=noted)
    if known.status in {"migrating", "restoring"}:
        return replace(known, status="migrating", reason="")
    return replace(known, status="held", reason="")


def work(site: Site) -> Work:
    """Return what is missing at a site."""
    if site.status in FINAL:
        return "nothing"
    if site.status == "restoring":
        return "restore"
    return "again" if site.status == "migrating" else "whole"


def turn(wave: Wave, canary: str | None, batch: int) -> Sequence[str]:
    """Return the sites whose turn it is, at the same time; none when the wave is over.

    The canary goes alone; then sites that a killed run left in the middle go before the others.
    """
    open_sites = {name: one for name, one in wave.sites.items() if one.status not in FINAL}
    if canary is not None and canary in open_sites:
        return (canary,)
    begun = sorted(name for name, one in open_sites.items() if one.status != "held")
    return tuple([*begun, *sorted(open_sites.keys() - set(begun))][:batch])


def halted(wave: Wave) -> Wave:
    """Return a wave that is not to go on: what has not had its turn is put in quarantine.

    Its data is that of the release before, which the new one cannot serve.
    """
    failed = next(iter(sorted(wave.with_status("quarantined"))), "a site")
    reason = f"not tried: the wave was stopped after {failed} had failed"
    waiting = {
        name: replace(one, status="quarantined", reason=reason)
        for name, one in wave.with_status("held").items()
    }
    return replace(wave, sites={**wave.sites, **waiting})


def goes_back(wave: Wave) -> bool:
    """Whether the image may go back: no site has served the new release, so none loses a row."""
    return not wave.with_status("updated")


def put_back(site: Site) -> Site:
    """Return a site as it was before the wave."""
    return Site(closed=site.closed, noted=site.noted)


def load(values: Mapping[str, Any]) -> Wave:
    """Return a wave from JSON values."""
    sites = {name: Site(**one) for name, one in values["sites"].items()}
    return Wave(release=values["release"], sites=sites)


def dump(wave: Wave) -> dict[str, Any]:
    """Return a wave as JSON values."""
    return asdict(wave)
