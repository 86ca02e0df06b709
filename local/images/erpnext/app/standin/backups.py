"""`bench backup` and `bench restore`."""

from __future__ import annotations

import shutil
import tarfile
import time
from pathlib import Path

from . import config, database

HOUR_S = 3600


def forget_old(site: str) -> None:
    """Delete copies older than `keep_backups_for_hours`; each new backup begins with that."""
    hours = int(config.conf(site).get("keep_backups_for_hours", 24))
    for path in (Path(site) / "private/backups").glob("*"):
        if path.is_file() and path.stat().st_mtime < time.time() - hours * HOUR_S:
            path.unlink()


def backup(site: str, *, with_files: bool, compress: bool, folder: str | None) -> list[Path]:
    """Make a copy of a site; return its files."""
    forget_old(site)
    target = Path(folder) if folder else Path(site) / "private/backups"
    target.mkdir(parents=True, exist_ok=True)
    start = target / f"{time.strftime('%Y%m%d_%H%M%S')}-{site.replace('.', '_')}"
    made = [Path(f"{start}-site_config_backup.json"), Path(f"{start}-database.sql.gz")]
    shutil.copy(config.site_file(site), made[0])
    database.dump(site, made[1])
    if with_files:
        end, mode = (".tgz", "w:gz") if compress else (".tar", "w")
        for kind, word in (("public", "files"), ("private", "private-files")):
            made.append(Path(f"{start}-{word}{end}"))
            with tarfile.open(made[-1], mode) as archive:  # type: ignore[call-overload]
                archive.add(f"./{site}/{kind}/files")
    return made


def restore(site: str, dump: Path, files: dict[str, str | None], root: database.Connection) -> None:
    """Put a copy in the place of a site's database, and of its files where they are given.

    Args:
        site: to which; its configuration stays.
        dump: of the database.
        files: `public` and `private` → archive.
        root: may make databases.

    Raises:
        BenchError: a file is missing, or the dump cannot be loaded.
    """
    for path in (dump, *(Path(one) for one in files.values() if one)):
        if not path.is_file():
            raise config.BenchError(f"Invalid path {path}")
    conf = config.conf(site)
    database.make(root, conf["db_name"], conf["db_password"], "%")
    database.load(site, dump)
    for kind, given in files.items():
        if given:
            _unpack(Path(given), Path(site) / kind / "files")


def _unpack(archive: Path, folder: Path) -> None:
    """Put an archive's files into a folder; what else lies there stays, as with tar."""
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            if member.isfile():
                member.name = Path(member.name).name
                packed.extract(member, folder)
