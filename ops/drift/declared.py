"""What a stack has deployed, as its state remembers it; pure.

The state and not the stack file: what stands in the file and was not brought up yet is pending, and
nobody changed it by hand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.state_values import opened, secret_texts

_OF_THE_ENGINE = "pulumi:"
_NOTES = ("__defaults", "__meta", "__inputs")
"""What a bridged provider notes for itself beside the properties."""
_STEP = "command:local:Command"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One thing that a stack has deployed.

    Attributes:
        urn: the engine's name of it.
        type: its type token.
        id: the provider's name of it.
        inputs: what the program said when it was brought up, secrets in clear.
        outputs: what the provider saw then.
        provider: name of its provider: of a Docker resource, the host.
    """

    urn: str
    type: str
    id: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    provider: str = ""

    @property
    def name(self) -> str:
        """Its name in the stack."""
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The last part of its type, for example `Service`."""
        return self.type.rpartition(":")[2]

    @property
    def own_name(self) -> str:
        """Its name outside the stack, as Docker or Cloudflare know it."""
        return str(self.inputs.get("name", self.name))


def resources(state: Mapping[str, Any]) -> list[Resource]:
    """Return what a state with its secrets shown says is deployed, without the engine's own."""
    listed = (state.get("deployment") or {}).get("resources") or ()
    return [
        Resource(
            urn=str(one["urn"]),
            type=str(one["type"]),
            id=str(one.get("id", "")),
            inputs=_plain(opened(one.get("inputs") or {})),
            outputs=_plain(opened(one.get("outputs") or {})),
            provider=str(one.get("provider", "")).rpartition("::")[0].rpartition("::")[2],
        )
        for one in listed
        if one.get("custom")
        and not one.get("delete")
        and not one.get("external")
        and not str(one["type"]).startswith(_OF_THE_ENGINE)
    ]


def secrets_in(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text that a state with its secrets shown holds as a secret.

    Steps hold nothing that the settings do not have, and whole files of it.
    """
    for one in (state.get("deployment") or {}).get("resources") or ():
        if one["type"] != _STEP:
            for part in ("inputs", "outputs"):
                yield from secret_texts(one.get(part))


def settled(service: Resource) -> dict[str, Any]:
    """Return a service's properties, completed by what the provider chose where nothing was said.

    Args:
        service: of type docker.Service.
    """
    return _settle(service.inputs, service.outputs, _CHOSEN)


_CHOSEN: dict[str, Any] = {
    "labels": {},
    "mode": {},
    "endpointSpec": {"mode": {}},
    "taskSpec": {
        "resources": {},
        "restartPolicy": {},
        "forceUpdate": {},
        "runtime": {},
        "containerSpec": {"stopGracePeriod": {}, "healthcheck": {}, "dnsConfig": {}, "init": {}},
    },
}
"""Properties of a service that the provider fills in when a program leaves them out."""


def _settle(
    inputs: Mapping[str, Any], outputs: Mapping[str, Any], chosen: Mapping[str, Any]
) -> dict[str, Any]:
    done = dict(inputs)
    for name, below in chosen.items():
        if inputs.get(name) is None and outputs.get(name) is not None and name != "taskSpec":
            done[name] = outputs[name]
        elif below and isinstance(inputs.get(name), Mapping):
            done[name] = _settle(inputs[name], outputs.get(name) or {}, below)
    return done


def _plain(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _without_notes(item) for name, item in block.items() if name not in _NOTES}


def _without_notes(value: object) -> object:
    if isinstance(value, dict):
        return _plain(value)
    return [_without_notes(item) for item in value] if isinstance(value, list) else value
