"""Swarm services in a preview: routes, and for how long a change takes one away. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.preview.events import Change
from ops.preview.fields import fields
from settings import Duration

_HOST = re.compile(r"Host\(`([^`]+)`\)")
_RULE = re.compile(r"traefik\.http\.routers\.([^.]+)\.rule")
_START_S = 5
"""From the start of a container to its first answer, as components/release.py reckons it."""
_RESTARTING = ("taskSpec", "endpointSpec.ports", "mode")
"""What a task is made of; all else Swarm changes beside the running one."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A public name of a service.

    Attributes:
        domain: the name.
        secure: whether it is served over HTTPS.
        certified: whether the edge gets a certificate for it.
    """

    domain: str
    secure: bool
    certified: bool

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self.secure else 'http'}://{self.domain}"


def labels(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return Docker labels as name → value."""
    listed = inputs.get("labels") or ()
    return {str(one.get("label")): str(one.get("value")) for one in listed if one}


def routes(inputs: Mapping[str, Any]) -> dict[str, Route]:
    """Return domain → route of a service, as its labels ask the edge for it."""
    found: dict[str, Route] = {}
    marks = labels(inputs)
    for label, rule in marks.items():
        if not (router := _RULE.fullmatch(label)):
            continue
        of = f"traefik.http.routers.{router[1]}"
        for domain in _HOST.findall(rule):
            found[domain] = Route(
                domain=domain,
                secure=marks.get(f"{of}.entrypoints") == "websecure",
                certified=f"{of}.tls.certresolver" in marks,
            )
    return found


def restarts(change: Change) -> bool:
    """Whether a change of a service ends its running task."""
    if change.op != "update":
        return change.op == "replace"
    return any(one.path.startswith(_RESTARTING) for one in fields(change))


def order(inputs: Mapping[str, Any]) -> str:
    """Return what an update of a service does first."""
    return str((inputs.get("updateConfig") or {}).get("order", "stop-first"))


def absence(inputs: Mapping[str, Any]) -> tuple[int, int]:
    """Return the seconds for which a stopped service is away, about and at most."""
    container = (inputs.get("taskSpec") or {}).get("containerSpec") or {}
    check = container.get("healthcheck") or {}
    interval, timeout = _seconds(check.get("interval")), _seconds(check.get("timeout"))
    tries = int(check.get("retries") or 0)
    patience = _seconds(check.get("startPeriod")) + tries * (interval + timeout)
    return interval + _START_S, patience + _seconds(container.get("stopGracePeriod"))


def is_edge(inputs: Mapping[str, Any]) -> bool:
    """Whether every address goes through it: it holds ports of the host."""
    return bool((inputs.get("endpointSpec") or {}).get("ports"))


def named(names: Iterable[str]) -> str:
    """Return names as a person lists them, each marked as code."""
    return ", ".join(f"`{name}`" for name in names)


def _seconds(text: object) -> int:
    read = Duration.read(str(text or ""))
    return read.seconds if read else 0
