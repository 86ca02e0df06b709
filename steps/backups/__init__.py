"""Backups that are proven before they count, and the way back from them.

For SQLite files, Postgres databases and plain folders; each by one-shot jobs beside the data.
"""

from steps.backups.copies import Copy, Restored
from steps.backups.failures import RefusedError
from steps.backups.inputs import (
    BackupPlan,
    FolderSource,
    PostgresSource,
    Source,
    SqliteSource,
)
from steps.backups.restoring import restore
from steps.backups.taking import catalog, rehearse, take

__all__ = [
    "BackupPlan",
    "Copy",
    "FolderSource",
    "PostgresSource",
    "RefusedError",
    "Restored",
    "Source",
    "SqliteSource",
    "catalog",
    "rehearse",
    "restore",
    "take",
]
