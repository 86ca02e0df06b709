"""Backups that are proven before they count, and the way back from them.

For SQLite files, Postgres databases and plain folders; each by one-shot jobs beside the data.
"""

from steps.backups.copies import Copy, Restored
from steps.backups.failures import RefusedError
from steps.backups.inputs import (
    BackupPlan,
    FolderSource,
    OffsiteStore,
    PostgresSource,
    SitesSource,
    Source,
    SqliteSource,
)
from steps.backups.offsite import Loaded, Pushed
from steps.backups.proving import Proven, prove
from steps.backups.restoring import restore
from steps.backups.taking import catalog, rehearse, take

__all__ = [
    "BackupPlan",
    "Copy",
    "FolderSource",
    "Loaded",
    "OffsiteStore",
    "PostgresSource",
    "Proven",
    "Pushed",
    "RefusedError",
    "Restored",
    "SitesSource",
    "Source",
    "SqliteSource",
    "catalog",
    "prove",
    "rehearse",
    "restore",
    "take",
]
