"""Does one thing to a bench, inside a one-shot job on its image; answers in the log.

The job starts as root where it has copies to write, because the folder of a fresh volume is
root's; it goes on as the owner of the sites.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from steps.scripts import bench_sites, bench_wave, records, site_copies, site_restore
from steps.scripts.answers import lines, unpacked
from steps.scripts.bench_tool import ROOT_PASSWORD_FILE, SITES, Bench, BenchError

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION_FILE = "/run/secrets/bench_question"
COPIES = Path("/backups/waves")
WITH_COPIES: dict[str, Callable[[Bench, dict[str, Any]], dict[str, Any]]] = {
    "hold": bench_wave.hold,
    "run": bench_wave.run,
    "abandon": bench_wave.abandon,
}

SITES_COPIES: dict[str, Callable[[Bench, dict[str, Any]], dict[str, Any]]] = {
    **site_copies.ACTIONS,
    "restore": site_restore.restore,
}


def answer(asked: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Do what is asked; what could not be done at all is `failed`."""
    action = asked["action"]
    try:
        if action in bench_sites.ACTIONS:
            return bench_sites.ACTIONS[action](bench, asked["wanted"])
        if action in SITES_COPIES:
            return SITES_COPIES[action](bench, {**asked, "root": COPIES.parent})
        return WITH_COPIES[action](bench, {**asked, "copies": COPIES})
    except records.RefusedError as error:
        return {"failed": bench.hide(error.why)}
    except BenchError as error:
        return {"failed": bench.hide(str(error))}


def as_owner(sites: Path, *folders: Path) -> None:
    """Go on as the owner of the sites, who may write the copies in these folders too."""
    owner = sites.stat()
    for copies in folders:
        if copies.parent.exists():
            copies.mkdir(exist_ok=True)
            os.chown(copies, owner.st_uid, owner.st_gid)
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    os.environ["HOME"] = pwd.getpwuid(owner.st_uid).pw_dir


def main(argv: list[str]) -> int:
    """Answer the question of the argument, or of the secret file where there is none."""
    signal.signal(signal.SIGTERM, _end)
    word = argv[1] if len(argv) > 1 else Path(QUESTION_FILE).read_text(encoding="ascii")
    root_password = Path(ROOT_PASSWORD_FILE).read_text(encoding="utf-8").strip()
    if os.geteuid() == 0:
        as_owner(SITES, COPIES.parent, COPIES)
    said = answer(unpacked(word), Bench(SITES, root_password))
    sys.stdout.write("\n".join(lines(said)) + "\n")
    return 0


def _end(number: int, _frame: object) -> NoReturn:
    """Leave by way of every `finally`: passwords go from the configuration.

    Raises:
        SystemExit: always.
    """
    sys.exit(128 + number)
