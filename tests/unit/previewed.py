"""Events of a preview, as the engine streams them, and the changes that they are read as."""

import json
from collections.abc import Mapping
from typing import Any

from ops.preview.events import Change, Look

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
SERVICE = "docker:index/service:Service"
VOLUME = "docker:index/volume:Volume"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
COMMAND = "command:local:Command"


def event(op: str, type_: str, name: str, **parts: Any) -> str:  # noqa: ANN401 - JSON
    """Return the line of one step.

    Args:
        op: the engine's word.
        type_: type token.
        name: what the stack calls it.
        parts: `old` and `new` inputs, `diff` paths, `seen` outputs, `protect`, `retain`.
    """
    urn = f"urn:pulumi:prod::estate::estate:apps:App${type_}::{name}"
    old = {"inputs": parts.get("old", {}), "outputs": parts.get("seen", parts.get("old", {}))}
    for flag, field in (("protect", "protect"), ("retain", "retainOnDelete")):
        old |= {field: True} if parts.get(flag) else {}
    metadata = {
        "op": op,
        "urn": urn,
        "type": type_,
        "old": {"custom": True, **old} if op != "create" else None,
        "new": {"custom": True, "inputs": parts.get("new", {})} if "delete" not in op else None,
        "detailedDiff": {path: {"diffKind": "update"} for path in parts.get("diff", ())} or None,
    }
    return json.dumps({"sequence": 1, "resourcePreEvent": {"metadata": metadata}})


def said(severity: str, message: str) -> str:
    """Return the line of a message."""
    return json.dumps({"diagnosticEvent": {"severity": severity, "message": f"{message}\n"}})


def service(name: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the inputs of a service.

    Args:
        name: its own.
        options: `image`, `order`, `domains`, `ports`, `labels`, `acme` (False: plain HTTP).
    """
    marks = {"estate.system": "crm", **options.get("labels", {})}
    if domains := options.get("domains"):
        router = f"traefik.http.routers.{name}"
        marks[f"{router}.rule"] = " || ".join(f"Host(`{one}`)" for one in domains)
        marks[f"{router}.entrypoints"] = "websecure" if options.get("acme", True) else "web"
        if options.get("acme", True):
            marks[f"{router}.tls.certresolver"] = "letsencrypt"
    check = {
        "tests": ["CMD", "true"],
        "interval": "10s",
        "timeout": "3s",
        "retries": 5,
        "startPeriod": "30s",
    }
    return {
        "name": name,
        "labels": [{"label": key, "value": marks[key]} for key in sorted(marks)],
        "updateConfig": {"order": options.get("order", "start-first")},
        "endpointSpec": {"mode": "dnsrr", "ports": options.get("ports", [])},
        "taskSpec": {
            "containerSpec": {
                "image": options.get("image", "app@sha256:1"),
                "healthcheck": check,
                "stopGracePeriod": "30s",
            }
        },
    }


def step(app: str, *phases: Mapping[str, Any], **given: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the inputs of a step of a release.

    Args:
        app: the application.
        phases: so far; the last one is the step's own.
        given: `release`, `mode`, `service`, `writers`, `words`.
    """
    words = given.pop("words", None)
    plan = {
        "app": app,
        "release": "two",
        "mode": "online",
        "service": app,
        "writers": [],
        **given,
        "phases": list(phases),
    }
    environment = {"STEP_INPUT": json.dumps(plan), **({"IN_WORDS": words} if words else {})}
    return {
        "create": ".venv/bin/python -m steps release",
        "environment": environment,
        "stdin": SECRET,
        "triggers": [plan["release"]],
    }


def change(op: str, type_: str, name: str, **parts: Any) -> Change:  # noqa: ANN401
    """Return a change."""
    return Change(op=op, type=type_, name=name, **parts)


def look(*changes: Change, unchanged: int = 1, **parts: Any) -> Look:  # noqa: ANN401
    """Return a preview of a stack that has something already."""
    return Look(changes=changes, unchanged=unchanged, **parts)
