"""Reads or changes one kind of things in a Nginx Proxy Manager, inside a one-shot job.

Asked by a secret file, answers in the last lines of its log (answers.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from steps.scripts import npm_certificates, npm_hosts, npm_lists
from steps.scripts.answers import lines, unpacked
from steps.scripts.npm_api import Administrator, Api
from steps.scripts.npm_http import NpmError

FOLDER = "/run/secrets"
QUESTION_FILE = f"{FOLDER}/npm_question"
PASSWORD_FILE = f"{FOLDER}/npm_password"
FORMER = "npm_former_"
KINDS = {"hosts": npm_hosts, "certificates": npm_certificates, "lists": npm_lists}


def answer(asked: dict[str, Any], passwords: list[str]) -> dict[str, Any]:
    """Do what is asked; what could not be asked at all is `failed`.

    Args:
        asked: the question.
        passwords: of the administrator, the present one first.
    """
    who = Administrator(
        asked["identity"], passwords[0], passwords[1:], may_change=asked["action"] == "apply"
    )
    api = Api(asked["url"], who, patience_s=asked["patience_s"])
    kind = KINDS[asked["kind"]]
    try:
        api.log_in()
        done = kind.read(api, asked) if asked["action"] == "read" else kind.apply(api, asked)
    except NpmError as error:
        return {"failed": str(error)}
    return dict(done)


def main(argv: list[str]) -> int:
    """Answer the question of the secret file."""
    del argv
    asked = unpacked(Path(QUESTION_FILE).read_text(encoding="ascii"))
    files = [Path(PASSWORD_FILE), *sorted(Path(FOLDER).glob(f"{FORMER}*"))]
    passwords = [file.read_text(encoding="utf-8") for file in files]
    sys.stdout.write("\n".join(lines(answer(asked, passwords))) + "\n")
    return 0
