"""Mistakes in a stack file, in words for the person who edits it."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .model import Model
from .schema import at, bare_type, fields, needs, written

# Pydantic's kinds of errors for which its own words would not help an operator.
_SHAPES = {
    "bool_type": "needs true or false",
    "dict_type": "needs a name for each entry, and its settings below the name",
    "model_type": "needs keys and values; set one with: pulumi config set --path",
    "tuple_type": "needs a list, for example []",
    "invalid_key": "needs a text as key",
}


class SettingsError(ValueError):
    """The stack file has mistakes; one line for each, and no value in any of them."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        """Keep the mistakes in their order, each once."""
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("\n".join(self.mistakes))


def lines(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """Put a Pydantic error into one line for each mistake, without any value."""
    details = error.errors(include_input=False, include_url=False)
    return [f"{written(detail['loc'])}: {_message(detail, root)}" for detail in details]


def _message(detail: ErrorDetails, root: type[BaseModel]) -> str:
    kind, way = detail["type"], detail["loc"]
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        what = needs(at(root, way))
        return f"is missing: needs {what}" if what else "is missing: needs keys and values"
    if kind == "literal_error":
        return f"needs {context['expected']}"
    if kind == "extra_forbidden":
        return _unknown(str(way[-1]), bare_type(at(root, way[:-1])))
    return _SHAPES.get(kind, "needs another kind of value")


def _unknown(key: str, model: object) -> str:
    if not (isinstance(model, type) and issubclass(model, Model)):
        return "is not a known key"
    if key in model.refused:
        return model.refused[key]
    known = list(fields(model))
    close = difflib.get_close_matches(key, known, n=1)
    return "is not a known key; " + (
        f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
    )
