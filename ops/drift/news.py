"""What is announced of a look, and whether it says anything new; pure."""

import hashlib
import json
import re
from dataclasses import dataclass

from ops.drift.finding import Look
from ops.drift.report import as_text, exit_code

CLEAN = ""
"""The mark of a look that found nothing."""
_VARYING = {"running tasks", "health"}
"""Fields of what restarts by itself: the words differ at each look, the trouble is the same."""
_MARK = re.compile(r"<!-- estate-drift stack=(\S+) seen=(\S*) told=(\S*) -->")
_LONGEST = 60_000
"""Characters; GitHub takes 65,536."""


@dataclass(frozen=True, kw_only=True)
class News:
    """A look, as it is announced.

    Attributes:
        stack: its name.
        mark: equal for looks that found the same, `CLEAN` for one that found nothing.
        title: one line.
        text: all of it, for people.
        is_clean: whether there is nothing to do, as far as anybody can tell.
    """

    stack: str
    mark: str
    title: str
    text: str

    @property
    def is_clean(self) -> bool:
        """Whether everything was looked at, and nothing found."""
        return self.mark == CLEAN


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was announced before.

    Attributes:
        seen: mark of what the issue shows.
        told: mark of what people were told.
    """

    seen: str = CLEAN
    told: str = CLEAN


def news_of(seen: Look, stack: str) -> News:
    """Return what there is to say of a look."""
    if exit_code(seen) == 0:
        return News(stack=stack, mark=CLEAN, title=f"{stack}: no drift", text=as_text(seen, stack))
    drifted = f"{len(seen.found)} differences" if seen.found else ""
    unknown = f"{', '.join(one.what for one in seen.unknown)} unknown" if seen.unknown else ""
    listed: list[object] = [
        [one.resource, one.field, "" if one.field in _VARYING else one.found] for one in seen.found
    ]
    listed += sorted(one.what for one in seen.unknown)
    return News(
        stack=stack,
        mark=hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16],
        title=f"{stack}: drift: {'; '.join(filter(None, (drifted, unknown)))}",
        text=as_text(seen, stack),
    )


def issue_body(news: News, told: str) -> str:
    """Return the body of an issue; its last line says what it shows, for the next look."""
    text = news.text[:_LONGEST].replace("```", "'''")
    mark = f"<!-- estate-drift stack={news.stack} seen={news.mark} told={told} -->"
    return f"```text\n{text}```\n\nWritten by the drift check, which also closes it.\n\n{mark}\n"


def read_mark(body: str, stack: str) -> Known | None:
    """Return what an issue's body says was announced, None when it is not of this stack."""
    for found in _MARK.finditer(body):
        if found[1] == stack:
            return Known(seen=found[2], told=found[3])
    return None
