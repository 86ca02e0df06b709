"""Only a daemon on this machine is asked which backups there are."""

import pytest

from ops import releases
from ops.applications import Application
from ops.preview.kept import kept_backups
from settings import load
from steps.errors import HostError
from steps.release.journal import Journal, Record, Result, Version
from tests.unit.stack_files import CRM, changed, raw

REMOTE = {
    "hosts.vps": {
        "url": "ssh://deploy@203.0.113.7:22",
        "address": "203.0.113.7",
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "b" * 43,
    }
}


def record(**backups: str) -> Record:
    """Return a release that made backups."""
    return Record(
        version=Version(release="one", image="app@sha256:1"),
        result=Result.RELEASED,
        at="2026-01-01T00:00:00Z",
        by="somebody@somewhere",
        mode="online",
        seconds=1,
        backups=backups,
    )


def test_the_newest_release_that_made_any_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    history = (record(database="old.dump"), record(database="new.dump"), record())
    journals = {"crm": Journal(history=history)}
    monkeypatch.setattr(releases, "journal_of", lambda one: journals.get(one.name, Journal()))
    estate = load(raw(changed(CRM)), "test")
    assert kept_backups(estate) == {"crm": {"database": "new.dump"}}


def test_a_host_behind_ssh_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_one: Application) -> Journal:
        pytest.fail("a preview reached a host")

    monkeypatch.setattr(releases, "journal_of", asked)
    assert kept_backups(load(raw(changed({**CRM, **REMOTE})), "test")) == {}


def test_a_daemon_that_does_not_answer_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_one: Application) -> Journal:
        raise HostError("no daemon", why="it is off", state="unchanged", todo="start it")

    monkeypatch.setattr(releases, "journal_of", refused)
    assert kept_backups(load(raw(changed(CRM)), "test")) == {}
