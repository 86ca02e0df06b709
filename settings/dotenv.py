"""The `.env` file of an application, limited to what all its readers read alike.

Next.js, Prisma and Bun each parse the file themselves and differ on escapes, `$` and quotes.
"""

from collections.abc import Mapping

_DIFFER = {
    "\\": "a backslash",
    "`": "a backquote",
    "$": "a dollar sign",
}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@,+-")


def refuse_ambiguous(value: str) -> None:
    """Refuse a value that the readers of a `.env` file would not all read the same.

    Raises:
        ValueError: says what the value must not hold, and never the value.
    """
    for character, name in _DIFFER.items():
        if character in value:
            raise ValueError(_must_not(name))
    if "'" in value and '"' in value:
        raise ValueError(_must_not("both kinds of quotes"))
    if not value.isprintable():
        raise ValueError(_must_not("a line break or another control character"))


def dotenv(variables: Mapping[str, str]) -> str:
    """Write variables as a `.env` file, one a line, in the order given.

    Raises:
        ValueError: a value cannot be written so that every reader reads it alike; names its key.
    """
    lines = []
    for name, value in variables.items():
        try:
            refuse_ambiguous(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        lines.append(f"{name}={_quoted(value)}\n")
    return "".join(lines)


def _quoted(value: str) -> str:
    if value and set(value) <= _PLAIN:
        return value
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}"


def _must_not(hold: str) -> str:
    return f"must not hold {hold}, because Next.js, Prisma and Bun would read it differently"
