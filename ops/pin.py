"""Writes a new image of an application into a stack file, without the engine and its secrets.

What changes is one line, so that a pull request shows one line; a preview says what it does.
"""

import re

from ops.errors import OpsError
from ops.stacks import stack_file

_REFERENCE = re.compile(r"[a-z0-9][\w./:-]*@sha256:[0-9a-f]{64}")
_BLOCK = re.compile(r"^  (?=\S)", re.MULTILINE)
_IMAGE = re.compile(r"^    image: .*$", re.MULTILINE)


def pin(stack: str, app: str, image: str) -> int:
    """Have the stack file name another image; return 0.

    Args:
        stack: its name.
        app: the application's key in the stack file, such as `crm`.
        image: reference with its digest.

    Raises:
        OpsError: the reference has no digest, or the file has no such application.
    """
    file = stack_file(stack)
    file.write_text(pinned(file.read_text(encoding="utf-8"), app, image), encoding="utf-8")
    return 0


def pinned(text: str, app: str, image: str) -> str:
    """Return the text of a stack file with another image of one application; pure.

    Raises:
        OpsError: as `pin`.
    """
    if not _REFERENCE.fullmatch(image):
        raise OpsError(
            f"no image with a digest: {image!r}",
            todo="name it as ghcr.io/team/app@sha256: and 64 hex digits",
        )
    start = re.search(rf"^  estate:{re.escape(app)}:$", text, re.MULTILINE)
    if start is not None:
        end = _BLOCK.search(text, start.end())
        last = end.start() if end else len(text)
        block, count = _IMAGE.subn(f"    image: {image}", text[start.end() : last], count=1)
        if count:
            return text[: start.end()] + block + text[last:]
    raise OpsError(
        f"the stack file has no image of estate:{app}",
        todo="write the application into it first, as docs/settings.example.yaml shows",
    )
