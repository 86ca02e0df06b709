"""The releases that an update would run, from the steps in a preview. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.preview.events import Change, Look
from ops.preview.fields import Field, fields

_RUNS = "-m steps "
_RUNNING = frozenset({"create", "replace"})
"""An `update` of a step only writes down its inputs; a trigger replaces it."""
_SWITCHING = ("switch", "wave")
"""Phases after which the new image serves."""


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """The phases of one application's release that would run.

    Attributes:
        app: the application.
        release: what people call it from now on.
        before: what is released now; None when nothing is.
        mode: `online` or `offline`.
        service: the one that is switched.
        writers: services that are stopped while data is migrated, if it is offline.
        phases: all phases, each as steps/release is given it.
        runs: names of the phases that would run.
        words: what a person should know of the switch.
    """

    app: str
    release: str
    before: str | None
    mode: str
    service: str
    writers: tuple[str, ...] = ()
    phases: tuple[Mapping[str, Any], ...] = ()
    runs: tuple[str, ...] = ()
    words: str = ""

    @property
    def switches(self) -> bool:
        """Whether its services go to another specification."""
        return any(self._runs(phase, *_SWITCHING) for phase in self.phases)

    @property
    def services(self) -> tuple[str, ...]:
        """Services that it switches; with a wave all that run its image."""
        return tuple(dict.fromkeys([self.service, *(self.writers if self.wave else ())]))

    @property
    def wave(self) -> Mapping[str, Any] | None:
        """The phase in which site after site is copied and migrated, or None."""
        return next((one for one in self.phases if self._runs(one, "wave")), None)

    @property
    def is_first(self) -> bool:
        """Whether nothing of it was released before."""
        return self.before is None

    @property
    def is_offline(self) -> bool:
        """Whether its writers are stopped while its data is copied and changed."""
        works = self.backup is not None or self.wave is not None or bool(self.work)
        return self.mode == "offline" and works

    @property
    def work(self) -> list[str]:
        """What runs on the data, in words, such as `npx prisma migrate deploy`."""
        return [
            str(phase.get("what") or phase["name"])
            for phase in self.phases
            if self._runs(phase, "job", "functions")
        ]

    @property
    def backup(self) -> Mapping[str, Any] | None:
        """The plan of the backup that would run before anything else, or None."""
        for phase in self.phases:
            if self._runs(phase, "backup"):
                plan: Mapping[str, Any] = phase.get("plan") or {}
                return plan
        return None

    def _runs(self, phase: Mapping[str, Any], *kinds: str) -> bool:
        return phase.get("kind") in kinds and phase.get("name") in self.runs


@dataclass
class _Found:
    """What is known so far of one application."""

    given: dict[str, Any] = field(default_factory=dict)
    old: dict[str, Any] | None = None
    runs: list[str] = field(default_factory=list)
    words: str = ""


def transactions(look: Look) -> list[Transaction]:
    """Return each application's transaction of which a phase would run, by name."""
    found: dict[str, _Found] = {}
    for change in look.of("Command"):
        if step_of(change) != "release" or change.op not in _RUNNING:
            continue
        given, old = _given(change.new), _given(change.old)
        one = found.setdefault(str(given["app"]), _Found())
        phase = given["phases"][-1]
        one.runs.append(str(phase["name"]))
        if len(given["phases"]) > len(one.given.get("phases", ())):
            one.given = given  # each step knows the phases before it, the last one all
        one.old = old or one.old
        if phase["kind"] in _SWITCHING:
            one.words = str(change.new["environment"].get("IN_WORDS", ""))
    return [_transaction(app, one) for app, one in sorted(found.items())]


def other_steps(look: Look) -> list[str]:
    """Return the steps that would run and are no phase of a release, by resource."""
    return [
        change.name
        for change in look.of("Command")
        if change.op in _RUNNING and step_of(change) not in {"", "release"}
    ]


def step_of(change: Change) -> str:
    """Return which step of steps/ a command runs; empty when it runs none."""
    return str(change.inputs.get("create", "")).partition(_RUNS)[2].strip()


def own_fields(change: Change) -> Iterator[Field]:
    """Yield the fields in which a change differs, without what a step only repeats.

    Each step of a release is given all phases before its own, whose resources show them.
    """
    repeated: tuple[str, ...] = ()
    if step_of(change) == "release":
        last = len(_given(change.inputs).get("phases", ())) - 1
        repeated = tuple(f"environment.STEP_INPUT.phases[{index}]" for index in range(last))
    for one in fields(change):
        if not one.path.startswith(repeated):
            yield one


def switched(found: Sequence[Transaction]) -> dict[str, Transaction]:
    """Return service → the transaction that switches it."""
    return {name: one for one in found if one.switches for name in one.services}


def _given(inputs: Mapping[str, Any]) -> dict[str, Any]:
    text = (inputs.get("environment") or {}).get("STEP_INPUT", "{}")
    given: dict[str, Any] = json.loads(text) if str(text).startswith("{") else {}
    return given


def _transaction(app: str, one: _Found) -> Transaction:
    given = one.given
    return Transaction(
        app=app,
        release=str(given.get("release", "")),
        before=None if one.old is None else str(one.old.get("release", "")),
        mode=str(given.get("mode", "")),
        service=str(given.get("service", "")),
        writers=tuple(given.get("writers") or ()),
        phases=tuple(given.get("phases") or ()),
        runs=tuple(one.runs),
        words=one.words,
    )
