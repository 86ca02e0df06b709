"""A declared resource beside what there is of it, and the findings that follow; pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ops.drift.declared import Resource
from ops.drift.fields import Difference
from ops.drift.finding import EXISTS, GONE, Drift, Severity
from ops.drift.words import shown

PUT_BACK = "make up STACK={stack} puts it back; to keep it, write it into the stack file"
_CRITICAL = re.compile(
    r"taskSpec\.containerSpec\.(image|mounts|secrets|configs|privileges|capAdds|user)\b"
    r"|mode\b|endpointSpec\.ports|updateConfig\.order|taskSpec\.networksAdvanceds"
)
_NOTE = re.compile(r"taskSpec\.forceUpdate")


def matched(
    declared: Sequence[Resource],
    found: Sequence[Mapping[str, Any]],
    *,
    name: Callable[[Mapping[str, Any]], str] = lambda item: item["Spec"]["Name"],
) -> Iterator[tuple[Resource, Mapping[str, Any] | None]]:
    """Yield each declared resource with its object: that of its id, else that of its name."""
    by_id = {str(one.get("ID") or one.get("Id")): one for one in found}
    by_name = {name(one): one for one in found}
    for one in declared:
        yield one, by_id.get(one.id) or by_name.get(one.own_name)


def gone(one: Resource, todo: str = PUT_BACK) -> Drift:
    """Return the finding that a whole resource is missing."""
    return Drift(
        resource=one.name,
        field="",
        declared=EXISTS,
        found=GONE,
        urn=one.urn,
        severity=Severity.CRITICAL,
        todo=todo,
    )


def another(
    one: Resource, found: Mapping[str, Any], since: str, level: Severity = Severity.NOTE
) -> Iterator[Drift]:
    """Yield the finding that what has the name is not what was brought up."""
    there = str(found.get("ID") or found.get("Id"))
    if there == one.id:
        return
    yield Drift(
        resource=one.name,
        field="id",
        declared=one.id,
        found=f"{there}: it was made anew by hand",
        urn=one.urn,
        since=since,
        severity=level,
        todo=PUT_BACK if level is Severity.NOTE else "remove what was made by hand, then make up",
    )


def differs(
    one: Resource,
    field: Difference,
    *,
    since: str,
    severity: Severity | None = None,
    todo: str = PUT_BACK,
) -> Drift:
    """Return the finding that a field is another."""
    return Drift(
        resource=one.name,
        field=field.path,
        declared=shown(field.path, field.declared),
        found=shown(field.path, field.found),
        urn=one.urn,
        since=since,
        severity=severity or _severity_of(field.path),
        todo=todo,
    )


def _severity_of(path: str) -> Severity:
    if _CRITICAL.match(path):
        return Severity.CRITICAL
    return Severity.NOTE if _NOTE.match(path) else Severity.WARNING
