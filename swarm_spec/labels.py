"""Labels: pairs in a program, a map in the Docker API."""

from collections.abc import Iterable, Mapping


def to_map(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Return what the API wants."""
    return {pair["label"]: pair["value"] for pair in pairs or ()}
