"""`python -m ops preview`: the report of a stack in the form that was asked for."""

import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Literal

from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import config_of, estate_from
from ops.preview.kept import kept_backups
from ops.preview.looking import look
from ops.preview.report import Report, report
from ops.preview.shown import as_markdown, as_text
from ops.stacks import lacking_for, to_look_at, without_secrets
from settings import is_placeholder, secret_texts
from steps.redact import Redactor, texts_in

Form = Literal["text", "diff", "markdown", "json"]
_WITHOUT_SECRETS = (
    "what changes against what runs: {why}, so neither state nor secrets could be read. The stack "
    "file itself and every rule were checked, as for a stack of which nothing is there yet"
)
_FORK = "this run has no secrets, as for a pull request from a fork"


def preview(stack: str, form: Form, *, secrets: bool = True) -> int:
    """Print what `up` would do; return the engine's exit code.

    Args:
        stack: its name.
        form: `text`, `diff` (with every field of what is new), `markdown` or `json`.
        secrets: False looks at the stack file alone, its encrypted values taken for placeholders.

    Raises:
        OpsError: there is no such stack, or it cannot be opened.
    """
    lacking = lacking_for(stack, os.environ)
    if secrets and not lacking:
        shown, hidden = looked_at(to_look_at(stack))
    else:
        why = f"{' and '.join(lacking)} set to nothing" if lacking else _FORK
        told = _WITHOUT_SECRETS.format(why=why)
        shown, hidden = looked_at(without_secrets(stack), not_shown=[told])
    sys.stdout.write(hidden.hide(as_form(shown, form)))
    return shown.code


def looked_at(engine: Engine, *, not_shown: Iterable[str] = ()) -> tuple[Report, Redactor]:
    """Return the report of a stack, and what takes every secret of it out of a text."""
    with ThreadPoolExecutor(1) as beside:
        # The engine takes seconds; the settings are read meanwhile.
        reading = beside.submit(config_of, engine)
        found = look(engine)
        try:
            config = reading.result()
        except OpsError:
            config = {}  # then the engine could not read it either, and says why
    kept = {}
    hidden = [text for key, text in config.items() if key.endswith("Secrets")]
    texts = [one for text in hidden for one in texts_in(json.loads(text))]
    try:
        estate = estate_from(config, engine.stack)
    except OpsError:
        pass  # the report says what is wrong with the settings
    else:
        texts = list(secret_texts(estate))
        kept = kept_backups(estate) if found.changes else {}
    redactor = Redactor(text for text in texts if not is_placeholder(text))
    return report(engine.stack, found, kept=kept, not_shown=tuple(not_shown)), redactor


def as_form(shown: Report, form: Form) -> str:
    """Return a report as text; pure."""
    if form == "markdown":
        return as_markdown(shown)
    if form == "json":
        return json.dumps(asdict(shown), indent=2, ensure_ascii=False) + "\n"
    return as_text(shown, with_diff=form == "diff")
