"""docker:index/secret:Secret and docker:index/serviceConfig:ServiceConfig: immutable files."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING

from local.plugins.base.fields import TEXT, Field, Kind
from local.plugins.docker.labels import FIXED_LABELS, to_pairs
from swarm_spec import to_map

if TYPE_CHECKING:
    from local.plugins.docker.daemon import Daemon
    from provider.wire.values import Bag


def _base64(value: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return "is not base64 decodeable"
    return None


BASE64 = Field(kind=Kind.TEXT, replaces=True, problem=_base64)


class Secret:
    """Secrets of a Swarm; the daemon never gives the data back."""

    named = True
    fields = {  # noqa: RUF012 - part of a protocol, never changed
        "name": TEXT.required.forcing,
        "data": replace(BASE64.required, secret=True),
        "labels": FIXED_LABELS.forcing,
    }

    def __init__(self, daemon: Daemon) -> None:
        """Take a manager of the Swarm."""
        self._daemon = daemon

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a secret."""
        body = {
            "Name": inputs["name"],
            "Labels": to_map(inputs.get("labels")),
            "Data": inputs["data"],
        }
        created = self._daemon.post("secrets", "create", body=body)
        return self.read(created["ID"], inputs)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Inspect a secret; labels and data are kept as recorded, as the official plugin does."""
        seen = self._daemon.get("secrets", resource_id)
        kept = {name: state[name] for name in ("data", "labels") if name in state}
        return seen["ID"], {"name": seen["Spec"]["Name"], **kept}

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Read it again: there is nothing to change in place."""
        return self.read(resource_id, wanted)[1]

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a secret; the daemon refuses while a service uses it."""
        del state
        self._daemon.delete("secrets", resource_id)


class ServiceConfig:
    """Configs of a Swarm: like secrets, but readable."""

    named = True
    fields = {  # noqa: RUF012 - part of a protocol, never changed
        "name": TEXT.required.forcing,
        "data": BASE64,
        "dataRaw": TEXT.forcing,
        "labels": FIXED_LABELS.forcing,
    }

    def __init__(self, daemon: Daemon) -> None:
        """Take a manager of the Swarm."""
        self._daemon = daemon

    def create(self, inputs: Bag) -> tuple[str, Bag]:
        """Create a config from `data` (base64) or `dataRaw`."""
        raw = inputs.get("dataRaw")
        data = base64.b64encode(raw.encode()).decode() if raw is not None else inputs.get("data")
        body = {"Name": inputs["name"], "Labels": to_map(inputs.get("labels")), "Data": data}
        created = self._daemon.post("configs", "create", body=body)
        return self.read(created["ID"], inputs)

    def read(self, resource_id: str, state: Bag) -> tuple[str, Bag]:
        """Inspect a config."""
        seen = self._daemon.get("configs", resource_id)
        data = seen["Spec"].get("Data", "")
        held = (
            {"dataRaw": base64.b64decode(data).decode(errors="replace")}
            if state.get("dataRaw")
            else {"data": data}
        )
        labels = to_pairs(seen["Spec"].get("Labels"))
        return seen["ID"], {"name": seen["Spec"]["Name"], "labels": labels, **held}

    def update(self, resource_id: str, wanted: Bag) -> Bag:
        """Read it again: there is nothing to change in place."""
        return self.read(resource_id, wanted)[1]

    def delete(self, resource_id: str, state: Bag) -> None:
        """Delete a config; the daemon refuses while a service uses it."""
        del state
        self._daemon.delete("configs", resource_id)
