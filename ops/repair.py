"""Tells the state what was changed by hand, so that the next update puts it back."""

from typing import Any

import docker.errors
from docker import DockerClient

from ops.drift import Drift, look
from ops.engine import Engine
from ops.errors import OpsError
from ops.hosts import targets
from steps.context import Context
from steps.docker_host import connect

# For these the provider takes any error of a look for "deleted" (read in its source), so that a
# connection lost for a moment would have them forgotten and made a second time.
_TRUSTED_TOO_EASILY = ("/secret:Secret", "/network:Network", "/serviceConfig:ServiceConfig")


def notice_drift(engine: Engine) -> list[Drift]:
    """Write what differs from the stack into its state, and nothing else; return it.

    Raises:
        OpsError: reality could not be looked at, or not reliably.
    """
    found = look(engine)
    if not found:
        return found
    _make_sure(engine, [one for one in found if one.gone])
    chosen = [part for urn in sorted({one.urn for one in found}) for part in ("--target", urn)]
    engine.ask("refresh", "--yes", "--skip-preview", "--run-program", *chosen, limit_s=900)
    return found


def _make_sure(engine: Engine, gone: list[Drift]) -> None:
    doubtful = [one for one in gone if one.type.endswith(_TRUSTED_TOO_EASILY)]
    if not doubtful:
        return
    for target in targets(engine):
        with connect(target, Context()) as client:
            for one in doubtful:
                try:
                    _objects(client, one.type).get(one.id)
                except docker.errors.NotFound:
                    continue
                raise OpsError(
                    f"{one.resource} was reported as gone, but it is there",
                    todo="the connection to the host broke off; run it again",
                )


def _objects(client: DockerClient, type_: str) -> Any:  # noqa: ANN401 - three kinds of one shape
    kinds = {"Network": client.networks, "Secret": client.secrets, "ServiceConfig": client.configs}
    return kinds[type_.rpartition(":")[2]]
