"""How far a release is, and what became of earlier ones; kept in the Swarm itself.

Each version of the journal is a Swarm config of its own: its name is taken once and for all, so
that of two processes that write the same version one is refused. It survives this machine, needs
no disk of the host, and is read over the same connection as everything else.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

HISTORY = 200
"""Records kept, as long as they fit."""
SIZE = 300_000
"""Bytes of a journal: Swarm takes configs of 500 KiB at most (Docker 20.10)."""


class Result(StrEnum):
    """What became of a release. Every word is final; docs/operate.md has the table."""

    RELEASED = "released"
    REFUSED = "refused"
    """It failed before anything was touched; the old release never stopped serving."""
    RECOVERED = "recovered"
    """It failed and was undone; the old release was seen to serve again."""
    HALF = "half recovered"
    """The old release serves, but a part of the failed migration may have stayed in its data."""
    UNDONE = "undone"
    """It failed and was undone; there was no old release that could serve."""
    FATAL = "fatal"
    """It failed, and so did the way back; the next update tries the way back again first."""
    PARTLY = "released in part"
    """It serves, but not for every site: the others are in quarantine with the data of before, or
    wait for the release that follows."""
    RESTORED = "restored"
    """The same release serves with the data of an older copy; a person asked for it."""


class Part(BaseModel):
    """A part of the journal; unknown keys of a later program are kept out loudly."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Version(Part):
    """Which release: its name, and the image with its digest."""

    release: str
    image: str


class Holder(Part):
    """The process at work on a release; `touched` is renewed while it lives (UTC seconds)."""

    user: str
    host: str
    pid: int
    touched: float


class Attempt(Part):
    """A release that has begun and not ended.

    Attributes:
        version: what is released.
        mode: `online` or `offline`.
        started: UTC seconds.
        by: user@host.
        done: names of the phases that hold.
        before: the service's specification of before, as the Docker API gave it; None when there
            was no service.
        writers: name → specification of before, of the services that were stopped.
        backups: source → kept file, of the proven backup.
        dirty: names of the phases that have begun and change something.
        touched: whether the data may differ from its backup.
        switched: whether the service may have been changed.
        published: whether code may have been published that the old release does not know.
        forward: whether sites serve the release already, so that there is no way back for all.
        quarantined: site → why it is in quarantine.
        failed: phase that failed, once the way back has begun.
        why: its reason.
        holder: who is at work now.
    """

    version: Version
    mode: str
    started: float
    by: str
    done: tuple[str, ...] = ()
    before: dict[str, Any] | None = None
    writers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    backups: dict[str, str] = Field(default_factory=dict)
    dirty: tuple[str, ...] = ()
    touched: bool = False
    switched: bool = False
    published: bool = False
    forward: bool = False
    quarantined: dict[str, str] = Field(default_factory=dict)
    failed: str | None = None
    why: str = ""
    holder: Holder | None = None


class Record(Part):
    """What became of one release, for people and programs.

    Attributes:
        version: what was to be released.
        result: the final word.
        at: when it ended, UTC, ISO 8601.
        by: user@host.
        mode: `online` or `offline`.
        seconds: from its first phase to its end.
        step: the phase that failed.
        why: its reason, without secrets.
        now: what is in place since then.
        todo: what a person does next.
        backups: source → kept file.
        quarantined: site → why it is in quarantine.
    """

    version: Version
    result: Result
    at: str
    by: str
    mode: str
    seconds: float
    step: str | None = None
    why: str = ""
    now: str = ""
    todo: str = ""
    backups: dict[str, str] = Field(default_factory=dict)
    quarantined: dict[str, str] = Field(default_factory=dict)


class Journal(Part):
    """The journal of one application.

    Attributes:
        number: of this version of the journal.
        serving: the release that was committed last.
        phases: the phases that hold for it.
        attempt: a release that has begun and not ended.
        history: ended ones, oldest first.
    """

    number: Annotated[int, Field(ge=0)] = 0
    serving: Version | None = None
    phases: tuple[str, ...] = ()
    attempt: Attempt | None = None
    history: tuple[Record, ...] = ()


def fitting(journal: Journal) -> Journal:
    """Return a journal without the oldest records that would make it too large; pure."""
    sizes = [len(record.model_dump_json().encode()) for record in journal.history]
    room = SIZE - len(journal.model_copy(update={"history": ()}).model_dump_json().encode())
    while sizes and (sum(sizes) > room or len(sizes) > HISTORY):
        sizes.pop(0)
    return journal.model_copy(
        update={"history": journal.history[len(journal.history) - len(sizes) :]}
    )


def me() -> str:
    """Return who runs this process, as user@host."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def holder() -> Holder:
    """Return this process as the holder of a release, touched now."""
    return Holder(
        user=getpass.getuser(), host=socket.gethostname(), pid=os.getpid(), touched=time.time()
    )


def recorded(attempt: Attempt, result: Result, **said: str) -> Record:
    """Return the record of an attempt that ends now."""
    return Record(
        version=attempt.version,
        result=result,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=attempt.by,
        mode=attempt.mode,
        seconds=round(time.time() - attempt.started, 1),
        step=attempt.failed,
        why=attempt.why,
        backups=attempt.backups,
        quarantined=attempt.quarantined,
        **said,
    )
