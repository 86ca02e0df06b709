"""The hosts of a stack, for operations that look at them beside the engine."""

import json
from collections.abc import Mapping

from ops.engine import Engine
from ops.errors import OpsError
from settings import Estate, Host, SettingsError, load
from steps.inputs import DockerTarget

_PREFIX = "estate:"


def estate_of(engine: Engine) -> Estate:
    """Return the settings of a stack, secrets included.

    Raises:
        OpsError: the stack file has mistakes.
    """
    return estate_from(config_of(engine), engine.stack)


def config_of(engine: Engine) -> dict[str, str]:
    """Return key without `estate:` → its JSON text, secrets in clear."""
    shown = json.loads(engine.ask("config", "--show-secrets", "--json"))
    return {
        key.removeprefix(_PREFIX): _json_text(entry)
        for key, entry in shown.items()
        if key.startswith(_PREFIX)
    }


def estate_from(raw: Mapping[str, str], stack: str) -> Estate:
    """Return the settings in the configuration of a stack; pure.

    Raises:
        OpsError: the stack file has mistakes.
    """
    try:
        return load(dict(raw), stack)
    except SettingsError as error:
        raise OpsError(
            f"the stack file of {stack} needs corrections:\n{error}",
            todo=f"correct Pulumi.{stack}.yaml",
        ) from None


def _json_text(entry: dict[str, object]) -> str:
    if "objectValue" in entry:
        return json.dumps(entry["objectValue"])
    return str(entry.get("value", ""))


def targets(engine: Engine) -> list[DockerTarget]:
    """Return how to reach each host that manages a Swarm."""
    estate = estate_of(engine)
    return [target_of(host) for host in estate.hosts.values() if host.manager is None]


def target_of(host: Host) -> DockerTarget:
    """Return how to reach a host's own daemon."""
    return DockerTarget(url=host.url, ssh_options=tuple(host.ssh_options()))
