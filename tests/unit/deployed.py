"""Transactions, journals and copies as the operations by hand find them."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ops.engine import Engine
from ops.plans import Deployed
from settings import Estate, load
from steps.backups import Copy
from steps.release.ground import Ground
from steps.release.journal import Attempt, Journal, Record, Result, Version
from steps.release.plan import Plan
from tests.unit.stack_files import CRM, IMAGE, VALID, raw

SECRET = "s3cret-of-the-crm"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


def image(letter: str) -> str:
    """Return an image whose digest is one letter throughout."""
    return f"registry.example.com/crm@sha256:{letter * 64}"


def version(letter: str) -> Version:
    return Version(release=letter * 12, image=image(letter))


def record(letter: str, result: Result = Result.RELEASED, **given: object) -> Record:
    known: dict[str, object] = {
        "version": version(letter),
        "result": result,
        "at": "2026-11-22T16:00:00Z",
        "by": "ana@office",
        "mode": "online",
        "seconds": 31.4,
    }
    return Record.model_validate({**known, **given})


def journal(
    *records: Record, serving: str | None = None, attempt: Attempt | None = None
) -> Journal:
    return Journal(
        serving=version(serving) if serving else None, attempt=attempt, history=tuple(records)
    )


def copy(source: str, file: str, created: str, release: str = "c" * 12, **given: object) -> Copy:
    kind = "postgres" if source == "database" else "folder"
    known = {"bytes": 10, "sha256": "0" * 64, "seconds": 2.0, "proof": "opened", **given}
    named = {"source": source, "kind": kind, "file": file}
    return Copy.model_validate({**named, **known, "created": created, "release": release})


def plan_json(until: str = "verify", *, app: str = "crm", backup: bool = True) -> str:
    """Return what a step of a release was given."""
    source = {"kind": "folder", "name": "uploads", "volume": "crm_uploads"}
    database = {
        "kind": "postgres",
        "name": "database",
        "image": IMAGE,
        "network": "crm_internal",
        "host": "crm-postgres",
        "user": "crm_user",
        "database": "crm",
        "password_secret": "crm_postgres_password",
    }
    copied = {
        "job": {"name": "crm_backup", "image": IMAGE},
        "volume": "crm_backups",
        "keep": 5,
        "release": "c" * 12,
        "sources": [database, source],
        "timeout_s": 60,
    }
    phases: list[dict[str, object]] = []
    if backup:
        phases.append({"kind": "backup", "name": "backup", "plan": copied})
    if until == "verify":
        phases.append({"kind": "commit", "name": "verify"})
    return json.dumps({
        "docker": {"url": "unix:///var/run/docker.sock"},
        "app": app,
        "release": "c" * 12,
        "image": image("c"),
        "mode": "online",
        "service": "crm-backend",
        "writers": [],
        "verify": {"questions": [{"url": "http://a"}], "attempts": 1, "interval_s": 0},
        "phases": phases,
    })


def command(step: str, given: str, *, words: str = "", delete: bool = False) -> dict[str, Any]:
    """Return a step as the state has it, with its secrets shown."""
    return {
        "type": "command:local:Command",
        "delete": delete,
        "inputs": {
            "create": f".venv/bin/python -m steps {step}",
            "environment": {"STEP_INPUT": given, **({"IN_WORDS": words} if words else {})},
            "stdin": secret_in_state(json.dumps({"hidden": [SECRET]})),
        },
    }


def secret_in_state(value: object) -> dict[str, str]:
    """Return a secret as a state has it, shown."""
    return {_SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    stack = {"type": "pulumi:pulumi:Stack"}
    return {"deployment": {"resources": [stack, *resources]}}


def deployed(*, backup: bool = True, words: str = "") -> Deployed:
    plan = Plan.model_validate_json(plan_json(backup=backup))
    return Deployed(plan=plan, secrets={"hidden": [SECRET]}, words=words)


def estate(**crm: object) -> Estate:
    """Return settings with tickets and the CRM."""
    stack = {**VALID, **CRM, "crm": {**CRM["crm"], "image": image("c"), **crm}}
    return load(raw(stack), "test")


class FakeEngine(Engine):
    """Keeps what it is asked, and answers from a table."""

    asked: list[tuple[str, ...]]
    answers: dict[str, str]

    def ask(self, *arguments: str, stdin: str = "", limit_s: int = 0) -> str:
        del stdin, limit_s
        self.asked.append(arguments)
        return self.answers.get(arguments[0], "{}")


def engine(**answers: str) -> FakeEngine:
    made = FakeEngine("prod", environment={})
    object.__setattr__(made, "asked", [])
    object.__setattr__(made, "answers", answers)
    return made


class FakeStore:
    """A journal that is only read."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal


def on_ground(found: Journal) -> Callable[[Deployed], AbstractContextManager[Ground]]:
    """Return what stands for `ops.plans.ground`."""

    @contextmanager
    def ground(of: Deployed) -> Iterator[Ground]:
        store: Any = FakeStore(found)
        swarm: Any = None
        yield Ground(plan=of.plan, swarm=swarm, store=store, context=of.context())

    return ground
