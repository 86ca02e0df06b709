"""The phases that every application's release is made of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.job import Jobs
from components.release import Phase
from components.swarm.service import ServiceSpec
from settings import BackupSecrets, Duration, Edge, Npm, Verify

_BACKUP_LIMIT_S = 1800
_RUNS_ON_COPY = 3
"""At most, see steps/release/on_copy.py."""


def backup(
    jobs: Jobs,
    sources: Sequence[Mapping[str, object]],
    *,
    tools: str,
    volume: str,
    keep: int,
    secrets: BackupSecrets | None,
) -> Phase:
    """Return the phase that copies and proves data before anything changes it.

    Args:
        jobs: the application's.
        sources: what is copied, as steps/backups wants it.
        tools: image that copies files and SQLite.
        volume: where the copies are kept.
        keep: how many proven ones stay.
        secrets: of the copies of plain folders.
    """
    password = {"backup_password": secrets.RESTIC_PASSWORD.get_secret_value()} if secrets else {}
    return Phase(
        name="backup",
        kind="backup",
        given={
            "plan": {
                "job": jobs.bare("backup", tools),
                "volume": volume,
                "keep": keep,
                "release": jobs.release,
                "sources": list(sources),
                "timeout_s": _BACKUP_LIMIT_S,
            }
        },
        secrets=password,
        limit_s=_BACKUP_LIMIT_S,
    )


def guarding(copies: Phase, service: ServiceSpec) -> Phase:
    """Return a backup that also comes before another version of the service that holds the data.

    Args:
        copies: the backup; the service is to be declared after it.
        service: for example a database.
    """
    given = {**copies.given, "of": service.name}
    return replace(copies, given=given, triggers=[*copies.triggers, service.image])


def work(
    jobs: Jobs,
    name: str,
    script: str,
    *,
    what: str,
    secrets: Mapping[str, str] | None = None,
    triggers: Sequence[str] = (),
) -> Phase:
    """Return a phase that runs a script once on the image of the release.

    Args:
        jobs: the application's.
        name: of the phase.
        script: for `sh -c`; a secret in it would be shown.
        what: the work in the words of the person who reads the messages.
        secrets: name → value, each a file below /run/secrets for this run alone.
        triggers: what has it run again besides another version.
    """
    files = [{"name": key, "target": f"/run/secrets/{key}"} for key in secrets or {}]
    return Phase(
        name=name,
        kind="job",
        given={
            "job": jobs.job(name, script),
            "timeout_s": jobs.limit_s,
            "what": what,
            "secret_files": files,
        },
        secrets=secrets or {},
        triggers=triggers,
        limit_s=jobs.limit_s,
    )


def resolving(migration: Phase, script: str) -> Phase:
    """Return a migration whose failure is cleared away where the database has undone it itself.

    Args:
        migration: the phase.
        script: clears the mark of the failed migration in MIGRATION; ends with 3 when a part of
            it may have stayed, with 4 when the image does not hold it.
    """
    return replace(migration, given={**migration.given, "resolve": ["sh", "-c", script]})


def tried_first(migration: Phase, copies: Phase, source: str) -> Phase:
    """Return a migration that is tried on the release's copy of its database before it runs on it.

    Args:
        migration: the phase; its script ends with 5 when there is something to try and TRIED is not
            in its environment.
        copies: the phase that makes the copy.
        source: the database, by its name in the backup.
    """
    limit_s = (1 + _RUNS_ON_COPY) * migration.limit_s + copies.limit_s
    return replace(migration, given={**migration.given, "tried_on": source}, limit_s=limit_s)


def sqlite(name: str, volume: str, path: str) -> dict[str, object]:
    """Return a SQLite file as a source of backups.

    Args:
        name: of the source.
        volume: where the file lies.
        path: relative to the volume's root.
    """
    return {"kind": "sqlite", "name": name, "volume": volume, "path": path}


def folder(name: str, volume: str) -> dict[str, object]:
    """Return the files of a volume as a source of backups."""
    return {"kind": "folder", "name": name, "volume": volume}


def served(edge: Edge | Npm, domain: str, verify: Verify) -> dict[str, object]:
    """Return the one question that a user would ask of a domain."""
    question = {
        "url": edge.url(domain) + verify.path,
        "status": verify.status,
        "body": verify.body,
        "release_key": verify.release,
    }
    return asked(edge, [question], attempts=verify.attempts, interval=verify.interval)


def asked(
    edge: Edge | Npm,
    questions: Sequence[Mapping[str, object]],
    *,
    attempts: int,
    interval: Duration,
    smoke: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return what is asked from outside before a release counts.

    Args:
        edge: the proxy through which it is asked.
        questions: each a `url`, and what has to be the answer.
        attempts: for all of them together.
        interval: between two attempts.
        smoke: the device check of the tickets system.
    """
    private = {} if edge.acme is None else {"ca_certificate": edge.acme.ca_certificate}
    return {
        "questions": list(questions),
        "smoke": None if smoke is None else {**smoke, **private},
        "attempts": attempts,
        "interval_s": interval.seconds,
        **private,
    }
