"""Keeps a service for the one who knows a token: nobody else can write to it meanwhile; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = "X-Estate-Verify"
_RULE = ("traefik.http.routers.", ".rule")


def sealed(spec: Mapping[str, Any], token: str) -> dict[str, Any]:
    """Return a specification whose routes answer only to requests with the token.

    Only labels of the service differ, so opening it afterwards restarts no task.

    Args:
        spec: of the service, as the Docker API has it.
        token: letters and digits.
    """
    labels = {
        name: f"({value}) && Header(`{HEADER}`, `{token}`)" if _is_rule(name) else value
        for name, value in spec["Labels"].items()
    }
    return {**spec, "Labels": labels}


def _is_rule(label: str) -> bool:
    return label.startswith(_RULE[0]) and label.endswith(_RULE[1])
