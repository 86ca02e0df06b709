"""The programs that run inside the jobs, as one argument each; pure but for reading our files."""

from __future__ import annotations

import base64
import zlib

from steps import programs
from steps.programs import FOLDER

MODULES = (
    "records",
    "restic_call",
    "restic",
    "folder_files",
    "folder_copy",
    "folder_restore",
    "sqlite_copy",
    "sqlite_restore",
    "remote",
    "offsite",
    "offsite_load",
    "drill",
    "backup_main",
    "scheduled",
)
"""In the order in which they need each other."""

SITES = (
    "answers",
    "records",
    "bench_tool",
    "bench_sites",
    "bench_copies",
    "site_copies",
    "site_restore",
    "wave_plan",
    "bench_wave",
    "bench_main",
)
"""The same for what runs beside the sites of a bench."""

_END = "END_OF_PROGRAM"


def python_program(entry: str = "backup_main") -> str:
    """Return what `python3 -c` runs on the tools image."""
    return programs.python_program(MODULES, main=entry)


def service_program() -> str:
    """Return the program of the service that copies by the clock, as a short file."""
    packed = base64.b85encode(zlib.compress(python_program("scheduled").encode(), 9)).decode()
    return f"import base64, zlib\nexec(zlib.decompress(base64.b85decode({packed!r})))\n"


def shell_program(name: str) -> str:
    """Return what `bash -c` runs on a Postgres image."""
    parts = ("postgres_common.sh", "postgres_scratch.sh", f"{name}.sh")
    return "\n".join((FOLDER / part).read_text() for part in parts)


def answering_program(name: str) -> str:
    """Return what a service on another image runs to copy a source whenever it is asked.

    Args:
        name: of the program that copies; what it is given has to be exported before.
    """
    body = f"IFS= read -r -d '' PROGRAM <<'{_END}'\n{shell_program(name)}\n{_END}\n"
    return body + (FOLDER / "asked.sh").read_text()


def sites_program() -> str:
    """Return the program with which a service on a bench's image copies all its sites."""
    text = programs.python_program((*SITES, "site_asked"))
    packed = base64.b85encode(zlib.compress(text.encode(), 9)).decode()
    return f"import base64, zlib\nexec(zlib.decompress(base64.b85decode({packed!r})))\n"


def sites_answering(file: str) -> str:
    """Return what such a service runs to copy the sites whenever it is asked.

    Args:
        file: with the program.
    """
    return f"PROGRAM='exec python3 {file}'\n" + (FOLDER / "asked.sh").read_text()
