"""Tells what a look found, once: in the stack's issue, and to whom `estate:alerts` names."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ops.drift.finding import Look
from ops.drift.issue import Found, Issues, known_of
from ops.drift.news import Known, News, news_of
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import estate_of
from ops.workplace import PRIVATE

_MEMORY = PRIVATE / "announced"


def announce_look(engine: Engine, seen: Look) -> None:
    """Announce a look, unless it says what was said last time.

    What was said stands in the issue; without one, in a file of this checkout.

    Raises:
        OpsError: the issue could not be kept, or somebody could not be told. It is tried again
            next time.
    """
    alerts = estate_of(engine).alerts
    urls = [one.get_secret_value() for one in alerts.urls] if alerts else []
    issues = Issues.of_environment(os.environ)
    announce(news_of(seen, engine.stack), urls, issues, _MEMORY / f"{engine.stack}.json")


def announce(news: News, urls: Sequence[str], issues: Issues | None, memory: Path) -> None:
    """Announce news where it is new.

    Args:
        news: what there is to say.
        urls: whom to tell, in Apprise's form.
        issues: where the stack's issue is kept, None without one.
        memory: file that knows what was told when there is no issue.

    Raises:
        OpsError: as for `announce_look`.
    """
    found: Found | None = issues.find(news.stack) if issues else None
    known = known_of(found) if issues else _remembered(memory)
    is_told = not urls or known.told == news.mark or tell(urls, news)
    told = news.mark if is_told else known.told
    if issues:
        issues.keep(found, news, told)
    elif told != known.told:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps({"told": told}), encoding="utf-8")
    if not is_told:
        raise OpsError(
            "not everybody in estate:alerts.urls could be told of the drift",
            todo="see that each address is one of Apprise's and answers, then announce again",
        )


def tell(urls: Sequence[str], news: News) -> bool:
    """Send news to every address; return whether all of them took it."""
    from apprise import Apprise  # noqa: PLC0415 - half a second, for who has alerts alone

    told = Apprise()
    # Apprise says of an address it cannot read only that; the address is a secret.
    known = [told.add(url) for url in urls]
    return all(known) and bool(told.notify(title=news.title, body=news.text))


def _remembered(memory: Path) -> Known:
    try:
        return Known(told=str(json.loads(memory.read_text(encoding="utf-8"))["told"]))
    except (OSError, ValueError, KeyError):
        return Known()
