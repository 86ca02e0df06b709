"""What each operation takes besides a stack."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FLAG = {"action": "store_true"}
_FILE = {"type": Path}
_FORM = {"action": "store_const", "dest": "form", "default": "text"}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: as it is typed.
        what: it does.
        of: the operations that take it, with spaces between.
        more: what argparse is told besides.
        either: a word that options have in common of which only one may be given.
    """

    name: str
    what: str
    of: str
    more: Mapping[str, Any] = field(default_factory=dict)
    either: str = ""


_OPTIONS = (
    Option("--app", "one application", "releases backups offsite drill rollback restore"),
    Option("--app", "the application's key, such as crm", "pin", {"required": True}),
    Option("--image", "reference with its digest", "pin", {"required": True}),
    Option("--json", "whole records", "releases backups drift", _FLAG),
    Option("--announce", "keep the stack's issue, tell who is to be told", "drift", _FLAG),
    Option("--diff", "every field of what is new", "preview", {**_FORM, "const": "diff"}),
    Option("--markdown", "as for a pull request", "preview", {**_FORM, "const": "markdown"}),
    Option("--json", "for programs", "preview", {**_FORM, "const": "json"}),
    Option(
        "--without-secrets",
        "the stack file alone, without state and passphrase: for a fork's pull request",
        "preview",
        {"dest": "secrets", "action": "store_false"},
    ),
    Option("--pull", "number of the pull request", "comment", {"type": int, "required": True}),
    Option("--report", "file with it; else standard input", "comment", _FILE),
    Option("--base", "commit to compare with", "touched", {"required": True}),
    Option("--save", "write the whole volume into this new file", "backups", _FILE, "way"),
    Option("--load", "bring what was saved, or s3, into the volume", "backups", _FILE, "way"),
    Option("--from", "with s3: a snapshot of `offsite`", "backups", {"dest": "snapshot"}),
    Option("--from", "latest, or the name of a copy", "restore site-restore", {"dest": "source"}),
    Option("--from", "a copy of the state", "state-recover", {**_FILE, "dest": "source"}),
    Option("--list", "bring nothing", "offsite", _FLAG),
    Option("--to", "the release, if not the one before", "rollback"),
    Option("--data", "with the data of before", "rollback", _FLAG),
    Option("--tenant", "the customer's short name", "site-backup site-restore"),
    Option("--to", "the name that it gets, if not its own", "site-restore"),
    Option("--name", "the customer's short name", "tenant-new", {"default": ""}),
    Option("--dry", "only show", "adopt rollback restore site-restore tenant-new", _FLAG),
    Option(
        "--force",
        "do not ask",
        "adopt down backups offsite rollback restore site-restore state-recover",
        _FLAG,
    ),
)


def add_options(operation: argparse.ArgumentParser, name: str) -> None:
    """Add what the operation of this name takes."""
    alternatives: dict[str, Any] = {}
    for one in _OPTIONS:
        if name not in one.of.split():
            continue
        if one.either and one.either not in alternatives:
            alternatives[one.either] = operation.add_mutually_exclusive_group()
        onto = alternatives.get(one.either, operation)
        onto.add_argument(one.name, help=one.what, **one.more)
