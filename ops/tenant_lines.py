"""A new customer as lines of a stack file, which keeps all that people wrote into it. Pure."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from ops.errors import OpsError
from settings.types import TenantName

_PART = re.compile(r"^  estate:erp:[^\n]*\n(?:(?: {3,}[^\n]*| *)\n)*", re.MULTILINE)
_TENANTS = re.compile(r"^    tenants:(?P<inline>[^\n#]*)(?:#[^\n]*)?\n", re.MULTILINE)
_BELOW = re.compile(r"(?:(?: {6,}[^\n]*| *)\n)*")


def lines(name: str) -> str:
    """Return what stands for a customer; everything else about it follows or has a default."""
    return f"      {name}:\n        apps: [erpnext]\n        state: active\n"


def check(text: str, name: str) -> str:
    """Return the first name of a new customer's site.

    Args:
        text: the stack file.
        name: the customer's short name.

    Raises:
        OpsError: there cannot be such a customer.
    """
    try:
        TypeAdapter(TenantName).validate_python(name)
    except ValidationError as error:
        raise OpsError(
            f"{name or 'nothing'} names no customer; nothing was changed",
            todo=f"NAME={error.errors()[0]['msg'].removeprefix('Value error, ')}",
        ) from None
    erp = _erp(text)
    tenants: Mapping[str, Any] = erp.get("tenants") or {}
    if name in tenants:
        raise OpsError(
            f"the customer {name} is there already; nothing was changed",
            todo=f"choose another NAME, not one of: {', '.join(sorted(tenants))}",
        )
    site = f"{name}.{erp.get('domain')}"
    for other, given in tenants.items():
        own = given or {}
        if site in (own.get("site"), *(own.get("domains") or ()), *(own.get("foreign") or ())):
            raise OpsError(
                f"{site} is a name of the customer {other}; nothing was changed",
                todo="choose another NAME",
            )
    return site


def with_tenant(text: str, name: str) -> str:
    """Return the stack file with a customer more, after the last one.

    Raises:
        OpsError: the file has no list of customers where one is looked for.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    part = _PART.search(text)
    found = _TENANTS.search(text, part.start(), part.end()) if part else None
    if found is None or found["inline"].strip() not in {"", "{}"}:
        raise OpsError(
            "the stack file has no list of customers in lines of its own; nothing was changed",
            todo="write under estate:erp: a line `tenants:`, and each customer below it",
        )
    head = text[found.start() : found.end()]
    if found["inline"].strip():
        head = head.replace(found["inline"].rstrip(), "", 1)
    below = _BELOW.match(text, found.end())
    there = (below[0] if below else "").rstrip("\n")
    end = found.end() + len(there)
    kept = f"{there}\n" if there else ""
    rest = text[end:].removeprefix("\n") if there else text[end:]
    return f"{text[: found.start()]}{head}{kept}{lines(name)}{rest}"


def _erp(text: str) -> Mapping[str, Any]:
    erp: Mapping[str, Any] | None = yaml.safe_load(text)["config"].get("estate:erp")
    if not erp:
        raise OpsError(
            "the stack has no ERP; nothing was changed",
            todo="write estate:erp into its file, or name another STACK",
        )
    return erp
