"""Labels: pairs in a program, a map in the Docker API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.plugins.base.fields import TEXT, block_set

if TYPE_CHECKING:
    from collections.abc import Mapping

LABELS = block_set({"label": TEXT.required, "value": TEXT.required})
FIXED_LABELS = block_set({"label": TEXT.required.forcing, "value": TEXT.required.forcing})


def to_pairs(labels: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return what a program would write, in the order of the names."""
    return [{"label": name, "value": value} for name, value in sorted((labels or {}).items())]
