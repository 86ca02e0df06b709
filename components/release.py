"""A release as one transaction of dependent steps; the same for every application.

backup → migrate → seed … → switch → verify: each phase is a resource of its own, so that a preview
names it, and each is given all phases before it as well, so that whichever process comes next can
finish or undo what a killed one has left (steps/release does the work).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from components.place import Place, docker_target, registry_logins
from components.step import StepSpec, step
from components.swarm.adopted import as_adopted
from components.swarm.service import ServiceSpec, as_input
from settings import Application, DockerStack, Migrations

SWITCH_SLACK_S = 60
_ANSWER_S = 10
"""What one question from outside may take (steps/web.py)."""
_START_S = 5
"""From the start of a container to its first answer (measured on the demonstrations: 1 to 4 s)."""
WAY_BACK_S = 1200
"""What a step may take to put everything back, on top of the limits of its phases (a guess)."""


def fingerprint(*values: object) -> str:
    """Return 12 hex digits that change with the values and do not show them."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def release_env(application: Application) -> dict[str, str]:
    """Return the one plain variable of a service that is released: which release it is.

    One, because the provider writes a service's variables in an order of chance (measured on 5.1,
    it is that of a Go map), and Swarm restarts a task for another order. All others go into the
    application's `.env`.
    """
    return {"RELEASE_SHA": application.release}


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase.

    Attributes:
        name: of the phase, and the end of its resource's name.
        kind: which work of steps/release it is.
        given: what that work is told.
        secrets: what it is told in secret.
        triggers: what has it run again besides another version.
        limit_s: seconds it may take.
        words: what a person should know of it before it happens.
    """

    name: str
    kind: str
    given: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, object] = field(default_factory=dict)
    triggers: Sequence[str] = ()
    limit_s: int = 900
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """What the phases of one application's releases share.

    Attributes:
        app: the application's name, and the beginning of the resources' names.
        release: what people call this release.
        image: reference with digest.
        version: what makes it another release: triggers of every phase.
        mode: whether the old release can live with the new data.
        service: the one that is switched.
        writers: services that are stopped while data is migrated, if it cannot, and while a person
            has older data put back, always.
        verify: what is asked from outside (components/phases.py).
        secrets: what asking needs in secret, and what must be hidden in every message.
        adopted: service → what it keeps of the docker stack that made it.
    """

    app: str
    release: str
    image: str
    version: Sequence[str]
    mode: Migrations
    service: str
    writers: Sequence[str]
    verify: Mapping[str, Any]
    secrets: Mapping[str, object]
    adopted: Mapping[str, DockerStack] = field(default_factory=dict)

    @property
    def verify_s(self) -> int:
        """Seconds that asking may take, the check of devices included."""
        once = int(self.verify["interval_s"]) + _ANSWER_S
        return 2 * int(self.verify["attempts"]) * once

    def switch(self, spec: ServiceSpec) -> Phase:
        """Return the phase in which the service goes to the new release.

        Raises:
            ValueError: the service has more than one plain variable, see `release_env`.
        """
        if len(spec.env) > 1:
            raise ValueError(f"{spec.name}: one plain variable at most: {', '.join(spec.env)}")
        given = as_input(as_adopted(spec, self.adopted))
        return Phase(
            name="switch",
            kind="switch",
            given={"service": given},
            triggers=[fingerprint(given)],
            # Twice as much where the release is tried beside the old one before it serves.
            limit_s=(2 * spec.patience_s + SWITCH_SLACK_S + self.verify_s)
            * (2 if spec.order.order == "start-first" else 1),
            words=absence(spec, self.mode),
        )

    def commit(self) -> Phase:
        """Return the phase that asks once more and writes the release down."""
        return Phase(
            name="verify",
            kind="commit",
            triggers=[fingerprint(self._addresses)],
            limit_s=self.verify_s,
        )

    @property
    def _addresses(self) -> list[str | None]:
        """What is asked from outside: another address counts only once it has answered."""
        smoke = self.verify.get("smoke") or {}
        asked = [question["url"] for question in self.verify["questions"]]
        return [*asked, smoke.get("url"), smoke.get("convex_url")]


def absence(spec: ServiceSpec, mode: Migrations) -> str:
    """Return for how long a release takes a service away, in words; pure.

    A stopped service is back after its start and its first health check.
    """
    about_s = spec.healthcheck.interval_s + _START_S
    most_s = spec.patience_s
    if mode == "offline":
        return (
            f"offline: {spec.name} is stopped while its data is backed up and migrated, then away "
            f"for about {about_s} s, at most {most_s} s; undone with its data"
        )
    if spec.order.order == "stop-first":
        return f"online: {spec.name} is away for about {about_s} s, at most {most_s} s"
    return (
        f"online: {spec.name} is never away; the new release is tried beside it, asked from "
        "outside, and gets traffic only then"
    )


def phase_step(
    transaction: Transaction, phases: Sequence[Phase], docker: Mapping[str, object]
) -> StepSpec:
    """Return the step of the last of some phases; pure.

    The last phase of all runs whenever any other has run, because it is what ends a release.

    Args:
        transaction: what the phases share.
        phases: in order.
        docker: how the Swarm's manager is reached.
    """
    last = phases[-1]
    counted = phases if last.kind == "commit" else [last]
    secrets: dict[str, object] = dict(transaction.secrets)
    for phase in phases:
        secrets |= phase.secrets
    return StepSpec(
        run="release",
        inputs={
            "docker": docker,
            "app": transaction.app,
            "release": transaction.release,
            "image": transaction.image,
            "mode": transaction.mode,
            "service": transaction.service,
            "writers": list(transaction.writers),
            "verify": transaction.verify,
            "phases": [{"kind": phase.kind, "name": phase.name, **phase.given} for phase in phases],
        },
        secrets=secrets,
        triggers=[
            *transaction.version,
            *(trigger for phase in counted for trigger in phase.triggers),
        ],
        limit_s=sum(phase.limit_s for phase in phases) + WAY_BACK_S,
        words=last.words,
    )


class Release:
    """Declares the phases of one transaction, each after the one before."""

    def __init__(self, transaction: Transaction, place: Place, parent: pulumi.Resource) -> None:
        """Start with no phase.

        Args:
            transaction: what the phases share.
            place: the host.
            parent: whose children the phases are.
        """
        logins = registry_logins(place.registries)
        self._secrets = {"registries": logins} if logins else {}
        self._transaction = transaction
        self._docker = docker_target(place.manager)
        self._parent = parent
        self._phases: list[Phase] = []
        self._last: pulumi.Resource | None = None

    def add(self, phase: Phase, after: Sequence[pulumi.Resource] = ()) -> pulumi.Resource:
        """Declare the next phase; return its resource.

        Args:
            phase: the phase.
            after: what has to be there before, besides the phases so far.
        """
        self._phases.append(phase)
        spec = phase_step(self._transaction, self._phases, self._docker)
        before = [*after, *([self._last] if self._last is not None else [])]
        self._last = step(
            f"{self._transaction.app}-{phase.name}",
            replace(spec, secrets={**spec.secrets, **self._secrets}),
            pulumi.ResourceOptions(parent=self._parent, depends_on=before),
        )
        return self._last
